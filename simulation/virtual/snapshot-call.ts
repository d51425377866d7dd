/** A call to Dump, on a stream of its own: the position, chunks read while writes go on, the commit index as of the last. */
import type { Effect, Event, Replica } from '../../src/replication/index.js';
import type { Random } from '../plan/random.js';
import type { Plan } from '../plan/setup.js';
import type { EventQueue } from './event-queue.js';
import type { Paths } from './paths.js';
import type { Store } from './store.js';

type ServeSnapshot = Extract<Effect, { type: 'serveSnapshot' }>;
type RequestSnapshot = Extract<Effect, { type: 'requestSnapshot' }>;

/** A process, as far as a call to Dump concerns it. */
interface DumpParty {
  readonly nodeIndex: number;
  readonly replicaId: string;
  readonly replica: Replica;
  readonly store: Store;
  readonly random: Random;
  /** The calls that it serves, by their joiner. */
  readonly dumps: Map<string, DumpTraffic>;
  run(work: () => void): void;
  later(delayMs: number, work: () => void): void;
  handle(event: Event): void;
  whenGone(tell: () => void): void;
}

/** The run around it. */
interface DumpSurroundings {
  readonly plan: Plan;
  readonly queue: EventQueue;
  readonly paths: Paths;
  readonly nodes: readonly { readonly dumpLateMs: number; readonly process: DumpParty | undefined }[];
  nodeIndexOf(replicaId: string): number;
}

/** A joiner that receives nothing for this long gives the call up. */
const silenceTimeoutMs = 10_000;

export class DumpTraffic {
  readonly #world: DumpSurroundings;
  readonly #joiner: DumpParty;
  readonly #primary: DumpParty;
  readonly #dump: RequestSnapshot;
  #lastArrivalMs = 0;
  #over = false;

  constructor(world: DumpSurroundings, joiner: DumpParty, primary: DumpParty, dump: RequestSnapshot) {
    this.#world = world;
    this.#joiner = joiner;
    this.#primary = primary;
    this.#dump = dump;
    primary.whenGone(() => this.fail());
    world.queue.after(silenceTimeoutMs, () => this.fail());
  }

  serve({ epochId, number, baseSeq, baseEpoch, baseEpochId }: ServeSnapshot): void {
    this.#send({ type: 'snapshotBegun', epochId, number, baseSeq, baseEpoch, baseEpochId });
    this.#readChunk(this.#primary.store.items.entries());
  }

  /** The stream ends early; what is on its way still arrives. */
  fail(): void {
    if (this.#over) return;
    this.#send({ type: 'snapshotFailed', epochId: this.#dump.epochId, number: this.#dump.number });
    this.#over = true;
  }

  #readChunk(scan: IterableIterator<[string, { readonly value: Uint8Array; readonly version: number }]>): void {
    const { random, replica } = this.#primary;
    const { epoch, epochId, number } = this.#dump;
    this.#primary.later(random.next() * 4 * this.#world.plan.setup.delayMs, () => {
      if (this.#over) return;
      // What follows could be of another epoch's making.
      if (!replica.isPrimaryIn(epoch)) return this.fail();
      const items = [];
      while (items.length < this.#world.plan.setup.chunkItems) {
        const next = scan.next();
        if (next.done) break;
        items.push({ key: next.value[0], ...next.value[1] });
      }
      if (items.length > 0) {
        this.#send({ type: 'snapshotChunk', epochId, number, items });
        return this.#readChunk(scan);
      }
      this.#send({ type: 'snapshotEnded', epochId, number, commitIndex: replica.commitIndex });
      this.#over = true;
    });
  }

  /** In order. */
  #send(event: Event): void {
    if (this.#over) return;
    const { queue, paths } = this.#world;
    const [from, to] = [this.#primary.nodeIndex, this.#joiner.nodeIndex];
    paths.whenOpen(from, to, (broken) => {
      if (broken) this.#over = true;
      const told: Event = broken ? { type: 'snapshotFailed', epochId: this.#dump.epochId, number: this.#dump.number } : event;
      const delayMs = paths.delayMs(from, to) + this.#world.nodes[to]!.dumpLateMs;
      this.#lastArrivalMs = Math.max(this.#lastArrivalMs, queue.nowMs + delayMs);
      queue.after(this.#lastArrivalMs - queue.nowMs, () => this.#joiner.run(() => this.#joiner.handle(told)));
    });
  }
}

export function requestSnapshot(world: DumpSurroundings, joiner: DumpParty, dump: RequestSnapshot): void {
  const to = world.nodeIndexOf(dump.from);
  const { queue, paths } = world;
  const failed = (): void =>
    joiner.run(() => joiner.handle({ type: 'snapshotFailed', epochId: dump.epochId, number: dump.number }));
  paths.whenOpen(joiner.nodeIndex, to, (broken) => {
    queue.after(paths.delayMs(joiner.nodeIndex, to), () => {
      const primary = world.nodes[to]!.process;
      if (broken || primary === undefined || primary.replicaId !== dump.from) return failed();
      primary.run(() => {
        primary.dumps.set(`${joiner.replicaId} ${dump.number}`, new DumpTraffic(world, joiner, primary, dump));
        primary.handle({ type: 'snapshotRequested', from: joiner.replicaId, epochId: dump.epochId, number: dump.number });
      });
    });
  });
}
