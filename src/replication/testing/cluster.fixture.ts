/**
 * A virtual cluster: nodes, network, ZooKeeper and clock, and the list of what could happen next. Nothing happens by
 * itself: a script or a seeded schedule picks. After every step the invariants are checked.
 */

import type { Answer, Effect } from '../protocol/effect.js';
import type { ReplicaId } from '../protocol/ids.js';
import type { LogEntry } from '../protocol/log-entry.js';
import type { ReplicaOptions } from '../protocol/replica-options.js';
import { type DumpCall, newDumpCall, readChunk } from './dump-call.fixture.js';
import { FakeRegister } from './fake-register.fixture.js';
import { Safety } from './safety.fixture.js';
import { VirtualNetwork } from './virtual-network.fixture.js';
import { type Call, type Surroundings, VirtualNode } from './virtual-node.fixture.js';

export interface Action {
  readonly what: string;
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

/** After this silence ZooKeeper takes a session for dead. */
const sessionMs = 6000;
const itemsPerChunk = 2;

export class Cluster implements Surroundings {
  readonly network = new VirtualNetwork();
  readonly register = new FakeRegister();
  readonly safety = new Safety();
  /** Every process there has been, the dead ones too. */
  readonly nodes: VirtualNode[] = [];
  readonly dumps: DumpCall[] = [];
  /** True: dumps make no progress. */
  dumpsHeld = false;
  nowMs = 0;
  /** Names; undefined: nothing has been said. */
  #placed: readonly string[] | undefined;
  readonly #options: Omit<ReplicaOptions, 'replicaId' | 'idSeed'>;

  constructor(options: Partial<ReplicaOptions> = {}) {
    this.#options = { ...defaultOptions, ...options };
  }

  now(): number {
    return this.nowMs;
  }

  /** A process starts empty: with a new identity, whatever ran under that name before (R1). */
  start(name: string): VirtualNode {
    const lives = this.nodes.filter((node) => node.name === name).length;
    const node = new VirtualNode(name, `${name}~${lives + 1}`, this.#options, this);
    this.nodes.push(node);
    if (this.#placed !== undefined) node.handle({ type: 'placed', nodes: this.#placed });
    this.openSession(node);
    return node;
  }

  place(names: readonly string[]): void {
    this.#placed = names;
    for (const node of this.nodes) node.handle({ type: 'placed', nodes: names });
    this.check();
  }

  openSession(node: VirtualNode): void {
    if (!node.session.registered) {
      node.session.registered = true;
      node.session.isNew = true;
      this.#register(node);
    }
    node.session.connect();
  }

  #register(node: VirtualNode): void {
    this.register.register(node.replicaId, node.historyHeld);
    this.fireWatches('candidates');
  }

  expireSession(node: VirtualNode): void {
    node.session.disconnect(this.nowMs);
    node.session.registered = false;
    this.register.unregister(node.replicaId);
    this.fireWatches('candidates');
  }

  fireWatches(what: 'state' | 'candidates'): void {
    for (const node of this.nodes) if (node.alive) node.session.watchFired(what);
  }

  kill(node: VirtualNode): void {
    node.alive = false;
    node.session.disconnect(this.nowMs);
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
      return [{ what: `connect ${stream.from} ${stream.to}`, run: () => this.#connect(stream, target) }];
    });
    const deliveries = this.network.deliverable().flatMap((queue): Action[] => {
      const { from, to, body } = queue[0]!;
      const target = this.byId(to);
      if (target === undefined || !target.runs) return [];
      return [
        { what: `deliver ${from} ${to} ${body.type}`, run: () => target.handle({ type: 'message', message: queue.shift()! }) },
      ];
    });
    const sessions = this.nodes
      .filter((node) => node.runs && node.session.isBusy)
      .map((node) => ({ what: `zookeeper ${node.replicaId}`, run: () => this.#stepSession(node) }));
    const dumps = this.dumpsHeld ? [] : this.dumps.flatMap((call) => this.#dumpActions(call));
    return [...connects, ...deliveries, ...sessions, ...dumps];
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

  /** Time passes; sessions that the servers have not heard of for long expire. */
  elapse(ms: number): void {
    this.nowMs += ms;
    for (const node of this.nodes) {
      const { session } = node;
      if (!node.runs) session.silentSinceMs ??= this.nowMs;
      else if (session.connected) session.silentSinceMs = undefined;
      if (session.registered && session.silentSinceMs !== undefined && this.nowMs - session.silentSinceMs > sessionMs) {
        this.expireSession(node);
      }
    }
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
      case 'holds':
        if (node.session.registered) this.#register(node);
        return;
      case 'released':
        this.safety.onReleased(node, this.register);
        return this.#exit(node);
      case 'stopped':
        return this.#exit(node);
    }
  }

  onApplied(node: VirtualNode, entries: readonly LogEntry[]): void {
    this.safety.onApplied(node, entries);
  }

  onAnswer(_node: VirtualNode, call: Call, answer: Answer): void {
    if (answer.kind === 'written') this.safety.onWritten(call, answer.version);
  }

  /** A planned exit takes its znode with it. */
  #exit(node: VirtualNode): void {
    this.kill(node);
    if (node.session.registered) this.expireSession(node);
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

  #stepSession(node: VirtualNode): void {
    const before = this.register.znode;
    const event = node.session.step(this.register);
    const { znode } = this.register;
    if (znode !== before) this.fireWatches('state');
    if (znode !== before && znode?.state.primary === undefined) this.safety.beginEmpty((znode?.state.seqFloor ?? 1) - 1);
    if (event !== undefined) node.handle(event);
  }

  #dumpActions(call: DumpCall): Action[] {
    const joiner = this.byId(call.joiner);
    const primary = this.byId(call.primary);
    if (joiner === undefined || primary === undefined || !joiner.runs) return [];
    const open = this.network.mayConnect(call.joiner, call.primary);
    const what = `${call.primary} ${call.joiner} ${call.number}`;
    if (call.queue.length > 0 && (open || call.queue[0]!.type === 'snapshotFailed')) {
      return [{ what: `dump ${what}`, run: () => joiner.handle(call.queue.shift()!) }];
    }
    if (call.stage === 'over' || call.queue.length > 0) return [];
    if (!primary.alive || (call.stage === 'streaming' && !primary.replica.isPrimaryIn(call.epoch))) {
      return [{ what: `fail dump ${what}`, run: () => failDump(call) }];
    }
    if (!primary.runs || !open) return [];
    if (call.stage === 'streaming') {
      return [
        { what: `read chunk ${what}`, run: () => readChunk(call, primary.store, primary.replica.commitIndex, itemsPerChunk) },
      ];
    }
    // Answered by serveSnapshot or refuseSnapshot in the same step.
    const { joiner: from, epochId, number } = call;
    return [{ what: `call dump ${what}`, run: () => primary.handle({ type: 'snapshotRequested', from, epochId, number }) }];
  }
}

function failDump(call: DumpCall): void {
  if (call.stage === 'over' && call.queue.length > 0) return;
  call.stage = 'over';
  call.queue.length = 0;
  call.queue.push({ type: 'snapshotFailed', epochId: call.epochId, number: call.number });
}
