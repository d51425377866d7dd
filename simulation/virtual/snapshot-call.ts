/**
 * A joiner's call for a snapshot (the rpc Dump), on a stream of its own: first the position, then chunks read while
 * writes go on, then the commit index as of the last one.
 */
import type { Effect, Event, Replica } from '../../src/replication/index.js';
import type { EventQueue } from './event-queue.js';
import type { Ways } from './paths.js';
import type { Store, StoredItem } from './store.js';

type ServeSnapshot = Extract<Effect, { type: 'serveSnapshot' }>;
type RequestSnapshot = Extract<Effect, { type: 'requestSnapshot' }>;

/** A process, as far as the call concerns it. */
interface Party {
  readonly nodeIndex: number;
  readonly replicaId: string;
  readonly replica: Replica;
  readonly store: Store;
  readonly snapshotCalls: Map<string, VirtualSnapshotCall>;
  run(work: () => void): void;
  later(delayMs: number, work: () => void, isHeld?: () => boolean): void;
  handle(event: Event): void;
  whenGone(tell: () => void): void;
  chunkDelayMs(): number;
}

/** The run around it. */
export interface SnapshotSurroundings {
  readonly queue: EventQueue;
  readonly paths: Ways;
  readonly nodes: readonly { readonly snapshotLateMs: number; readonly process: Party | undefined }[];
  readonly chunkItems: number;
  /** Scripts: snapshots make no progress. */
  readonly snapshotsHeld?: boolean;
  nodeIndexOf(replicaId: string): number;
}

/** A joiner that has not received everything after this time gives the call up. */
const timeoutMs = 10_000;

export class VirtualSnapshotCall {
  readonly request: RequestSnapshot;
  stage: 'calling' | 'streaming' | 'over' = 'calling';
  /** To the joiner, in order. */
  readonly onItsWay: Event[] = [];
  readonly #world: SnapshotSurroundings;
  readonly #joiner: Party;
  #primary: Party | undefined;
  #lastArrivalMs = 0;
  readonly #isHeld = (): boolean => this.#world.snapshotsHeld === true;

  constructor(world: SnapshotSurroundings, joiner: Party, request: RequestSnapshot) {
    this.#world = world;
    this.#joiner = joiner;
    this.request = request;
  }

  start(): void {
    const { paths } = this.#world;
    const from = this.#joiner.nodeIndex;
    const to = this.#world.nodeIndexOf(this.request.from);
    paths.whenOpen(from, to, (broken) => {
      paths.carry(from, to, () => this.#arrive(broken ? undefined : this.#world.nodes[to]?.process), { isHeld: this.#isHeld });
    });
  }

  #arrive(primary: Party | undefined): void {
    const { epochId, number, from } = this.request;
    if (primary?.replicaId !== from) return this.#joiner.run(() => this.#joiner.handle(this.#failure));
    primary.run(() => {
      if (this.stage === 'over') return;
      this.#primary = primary;
      primary.whenGone(() => this.fail());
      this.#world.queue.after(timeoutMs, () => this.fail());
      primary.snapshotCalls.set(`${this.#joiner.replicaId} ${number}`, this);
      primary.handle({ type: 'snapshotRequested', from: this.#joiner.replicaId, epochId, number });
    });
  }

  serve({ epochId, number, baseSeq, baseEpoch, baseEpochId, requests, requestFloor, timeMs }: ServeSnapshot): void {
    this.stage = 'streaming';
    this.#send({ type: 'snapshotBegun', epochId, number, baseSeq, baseEpoch, baseEpochId, requestFloor, timeMs });
    const { chunkItems } = this.#world;
    for (let at = 0; at < requests.length; at += chunkItems)
      this.#send({ type: 'snapshotRequests', epochId, number, requests: requests.slice(at, at + chunkItems) });
    this.#readChunk(this.#primary!.store.items.entries());
  }

  /** The stream ends early; what is on its way still arrives. */
  fail(): void {
    if (this.stage === 'over') return;
    this.#send(this.#failure);
    this.stage = 'over';
  }

  /** Scripts: nothing more comes of it, not even its failure. */
  vanish(): void {
    this.stage = 'over';
    this.onItsWay.length = 0;
  }

  get #failure(): Event {
    return { type: 'snapshotFailed', epochId: this.request.epochId, number: this.request.number };
  }

  #readChunk(scan: IterableIterator<[string, StoredItem]>): void {
    const primary = this.#primary!;
    const { epoch, epochId, number } = this.request;
    const read = (): void => {
      if (this.stage === 'over') return;
      // What follows could be of another epoch's making.
      if (!primary.replica.isPrimaryIn(epoch)) return this.fail();
      const items = [];
      while (items.length < this.#world.chunkItems) {
        const next = scan.next();
        if (next.done) break;
        items.push({ key: next.value[0], ...next.value[1] });
      }
      if (items.length > 0) {
        this.#send({ type: 'snapshotChunk', epochId, number, items });
        return this.#readChunk(scan);
      }
      this.#send({ type: 'snapshotEnded', epochId, number, commitIndex: primary.replica.commitIndex });
      this.stage = 'over';
    };
    primary.later(primary.chunkDelayMs(), read, this.#isHeld);
  }

  #receive(): void {
    const event = this.onItsWay.shift();
    if (event !== undefined) this.#joiner.handle(event);
  }

  #send(event: Event): void {
    if (this.stage === 'over') return;
    const { paths, nodes } = this.#world;
    const [from, to] = [this.#primary!.nodeIndex, this.#joiner.nodeIndex];
    paths.whenOpen(from, to, (broken) => {
      if (broken) this.stage = 'over';
      this.onItsWay.push(broken ? this.#failure : event);
      const arrive = (): void => this.#joiner.run(() => this.#receive());
      const bounds = { notBeforeMs: this.#lastArrivalMs, lateMs: nodes[to]!.snapshotLateMs, isHeld: this.#isHeld };
      this.#lastArrivalMs = paths.carry(from, to, arrive, bounds);
    });
  }
}
