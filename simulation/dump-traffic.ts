/** A call to Dump, on a stream of its own: the position, chunks read while writes go on, the commit index as of the last. */
import type { Effect, Event } from '../src/replication/index.js';
import type { SimProcess } from './sim-process.js';
import type { World } from './world.js';

type ServeSnapshot = Extract<Effect, { type: 'serveSnapshot' }>;
type RequestSnapshot = Extract<Effect, { type: 'requestSnapshot' }>;

/** A joiner that hears nothing for so long gives the call up. */
const silenceTimeoutMs = 10_000;

export class DumpTraffic {
  readonly #world: World;
  readonly #joiner: SimProcess;
  readonly #primary: SimProcess;
  readonly #dump: RequestSnapshot;
  #lastArrivalMs = 0;
  #over = false;

  constructor(world: World, joiner: SimProcess, primary: SimProcess, dump: RequestSnapshot) {
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

export function requestSnapshot(world: World, joiner: SimProcess, dump: RequestSnapshot): void {
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
