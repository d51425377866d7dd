/**
 * A virtual cluster: nodes, network, ZooKeeper and clock, and the list of what could happen next. Nothing happens by
 * itself: a script or a seeded schedule picks. After every step the invariants are checked.
 */

import { Ensemble } from '../../../simulation/virtual/ensemble.js';
import { EventQueue } from '../../../simulation/virtual/event-queue.js';
import type { Answer, Effect } from '../protocol/effect.js';
import type { ReplicaId } from '../protocol/ids.js';
import type { LogEntry } from '../protocol/log-entry.js';
import type { ReplicaOptions } from '../protocol/replica-options.js';
import type { ShardState } from '../protocol/shard-state.js';
import { type DumpCall, newDumpCall, readChunk } from './dump-call.fixture.js';
import { Safety } from './safety.fixture.js';
import { VirtualNetwork } from './virtual-network.fixture.js';
import { type Call, type Surroundings, VirtualNode } from './virtual-node.fixture.js';

export interface Action {
  run(): void;
}

export const defaultOptions: Omit<ReplicaOptions, 'replicaId' | 'idSeed'> = {
  minInSync: 1,
  beaconMs: 150,
  leaseMs: 1000,
  graceMs: 1250,
  volatile: true,
  retainEntries: 1000,
  retainBytes: 1_000_000,
  maxUncommittedEntries: 1000,
  maxUncommittedBytes: 1_000_000,
  maxBatchEntries: 100,
  maxBatchesInFlight: 2,
  maxBatchBytes: 100_000,
};

const itemsPerChunk = 2;

export class Cluster implements Surroundings {
  readonly network = new VirtualNetwork();
  readonly queue = new EventQueue();
  /** What ZooKeeper holds. */
  readonly register = new Ensemble(this.queue, { onState: (state) => this.#onState(state) });
  readonly safety = new Safety();
  /** Every process there has been, the dead ones too. */
  readonly nodes: VirtualNode[] = [];
  readonly dumps: DumpCall[] = [];
  /** True: dumps make no progress. */
  dumpsHeld = false;
  /** Names; undefined: nothing has been said. */
  #placed: readonly string[] | undefined;
  readonly #options: Omit<ReplicaOptions, 'replicaId' | 'idSeed'>;

  constructor(options: Partial<ReplicaOptions> = {}) {
    this.#options = { ...defaultOptions, ...options };
  }

  get nowMs(): number {
    return this.queue.nowMs;
  }

  /** A process starts empty: with a new identity, whatever ran under that name before (R1). */
  start(name: string): VirtualNode {
    const lives = this.nodes.filter((node) => node.name === name).length;
    const node = new VirtualNode(name, `${name}~${lives + 1}`, this.#options, this);
    this.nodes.push(node);
    if (this.#placed !== undefined) node.handle({ type: 'placed', nodes: this.#placed });
    node.session.reconnect();
    return node;
  }

  place(names: readonly string[]): void {
    this.#placed = names;
    for (const node of this.nodes) node.handle({ type: 'placed', nodes: names });
    this.check();
  }

  kill(node: VirtualNode): void {
    this.#end(node, false);
  }

  /** A planned end takes its session with it. */
  #end(node: VirtualNode, isPlanned: boolean): void {
    node.alive = false;
    node.session.close(isPlanned);
    this.network.keep(node.replicaId, []);
    for (const stream of this.network.streams()) if (stream.to === node.replicaId && stream.up) this.breakStream(stream);
  }

  breakStream(stream: ReturnType<VirtualNetwork['streams']>[number]): void {
    this.network.break(stream);
    this.byId(stream.from)?.handle({ type: 'linkDown', to: stream.to, refused: false });
  }

  byId(id: ReplicaId): VirtualNode | undefined {
    return this.nodes.find((node) => node.replicaId === id);
  }

  /** What could happen next without time passing or a fault. In a fixed order. */
  actions(): Action[] {
    const connects = this.network.streams().flatMap((stream): Action[] => {
      const opener = this.byId(stream.from);
      const target = this.byId(stream.to);
      if (stream.up || stream.refused || !opener?.runs || target?.paused || !this.network.mayConnect(stream.from, stream.to))
        return [];
      return [{ run: () => this.#connect(stream, target) }];
    });
    const deliveries = this.network.deliverable().flatMap((queue): Action[] => {
      const { to } = queue[0]!;
      const target = this.byId(to);
      if (target === undefined || !target.runs) return [];
      return [{ run: () => target.handle({ type: 'message', message: queue.shift()! }) }];
    });
    const due = this.queue.due().map((next) => ({ run: () => this.queue.runOne(next) }));
    const dumps = this.dumpsHeld ? [] : this.dumps.flatMap((call) => this.#dumpActions(call));
    return [...connects, ...deliveries, ...due, ...dumps];
  }

  run(action: Action): void {
    action.run();
    this.check();
  }

  check(): void {
    this.safety.check(this.nodes, this.register, this.nowMs);
  }

  tick(node: VirtualNode): void {
    node.handle({ type: 'tick' });
    this.check();
  }

  /** Time passes, and nothing else happens. */
  elapse(ms: number): void {
    this.queue.nowMs += ms;
    for (const stream of this.network.streams()) stream.refused = false;
    this.check();
  }

  perform(node: VirtualNode, effect: Effect): void {
    switch (effect.type) {
      case 'send':
        return this.network.send(effect.message);
      case 'links':
        return this.network.keep(node.replicaId, effect.to);
      case 'requestSnapshot':
        this.dumps.push(newDumpCall(node.replicaId, effect));
        return;
      case 'serveSnapshot': {
        const { to, epochId, number, baseSeq, baseEpoch, baseEpochId } = effect;
        const call = this.dumps.findLast((dump) => dump.joiner === to && dump.number === number && dump.epochId === epochId);
        call?.queue.push({ type: 'snapshotBegun', epochId, number, baseSeq, baseEpoch, baseEpochId });
        if (call !== undefined) call.stage = 'streaming';
        return;
      }
      case 'refuseSnapshot':
        for (const call of this.dumps) if (call.joiner === effect.to && call.number === effect.number) failDump(call);
        return;
      case 'persist':
        if (effect.change.type === 'rebase') this.safety.goOnFrom(effect.change.baseSeq);
        if (effect.change.type === 'reset' && effect.change.complete) this.safety.beginEmpty(effect.change.baseSeq);
        return;
      case 'roleChanged':
        if (effect.role === 'primary') this.safety.onPrimary(node.replica.epochId, node.replicaId);
        return;
      case 'released':
        this.safety.onReleased(node, this.register);
        return this.#end(node, true);
      case 'stopped':
        return this.#end(node, true);
    }
  }

  onApplied(node: VirtualNode, entries: readonly LogEntry[]): void {
    this.safety.onApplied(node, entries);
  }

  onAnswer(_node: VirtualNode, call: Call, answer: Answer): void {
    if (answer.kind === 'written') this.safety.onWritten(call, answer.version);
  }

  /** A history has ended: the next one begins empty. */
  #onState(state: ShardState | undefined): void {
    if (state?.primary === undefined && state !== undefined) this.safety.beginEmpty(state.seqFloor - 1);
  }

  #connect(stream: ReturnType<VirtualNetwork['streams']>[number], target: VirtualNode | undefined): void {
    const opener = this.byId(stream.from)!;
    if (target?.alive) {
      stream.up = true;
      opener.handle({ type: 'linkUp', to: stream.to });
    } else {
      stream.refused = true;
      opener.handle({ type: 'linkDown', to: stream.to, refused: true });
    }
  }

  #dumpActions(call: DumpCall): Action[] {
    const joiner = this.byId(call.joiner);
    const primary = this.byId(call.primary);
    if (joiner === undefined || primary === undefined || !joiner.runs) return [];
    const open = this.network.mayConnect(call.joiner, call.primary);
    if (call.queue.length > 0 && (open || call.queue[0]!.type === 'snapshotFailed')) {
      return [{ run: () => joiner.handle(call.queue.shift()!) }];
    }
    if (call.stage === 'over' || call.queue.length > 0) return [];
    if (!primary.alive || (call.stage === 'streaming' && !primary.replica.isPrimaryIn(call.epoch))) {
      return [{ run: () => failDump(call) }];
    }
    if (!primary.runs || !open) return [];
    if (call.stage === 'streaming') {
      return [{ run: () => readChunk(call, primary.store, primary.replica.commitIndex, itemsPerChunk) }];
    }
    // Answered by serveSnapshot or refuseSnapshot in the same step.
    const { joiner: from, epochId, number } = call;
    return [{ run: () => primary.handle({ type: 'snapshotRequested', from, epochId, number }) }];
  }
}

function failDump(call: DumpCall): void {
  if (call.stage === 'over' && call.queue.length > 0) return;
  call.stage = 'over';
  call.queue.length = 0;
  call.queue.push({ type: 'snapshotFailed', epochId: call.epochId, number: call.number });
}
