/**
 * The network between replicas: one stream for each that a primary opens, in order each way. A direction can be held
 * (messages wait), cut (messages vanish), or filtered; a stream that closes takes what is on it with it.
 */
import type { ReplicaId } from '../protocol/ids.js';
import type { Message } from '../protocol/message.js';

export type MessageFilter = (message: Message) => boolean;

interface Stream {
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  up: boolean;
  /** Its opener knows that nothing listens at the other end. */
  refused: boolean;
  /** What the opener sends, and what comes back. */
  readonly there: Message[];
  readonly back: Message[];
}

const requestTypes: ReadonlySet<string> = new Set(['beacon', 'sync', 'append', 'dumpInvite', 'stateChanged']);

export class VirtualNetwork {
  /** Every message sent, for tests to look at. */
  readonly sent: Message[] = [];
  readonly #streams = new Map<string, Stream>();
  readonly #cut = new Set<string>();
  readonly #held = new Set<string>();
  #drops: MessageFilter[] = [];

  streams(): Stream[] {
    return [...this.#streams.values()].sort((one, other) => (one.from + one.to < other.from + other.to ? -1 : 1));
  }
  stream(from: ReplicaId, to: ReplicaId): Stream | undefined {
    return this.#streams.get(`${from} ${to}`);
  }

  /** The streams that `from` keeps: all others of it close. */
  keep(from: ReplicaId, to: readonly ReplicaId[]): void {
    for (const stream of this.streams()) {
      if (stream.from === from && !to.includes(stream.to)) this.#streams.delete(`${from} ${stream.to}`);
    }
    for (const id of to) {
      if (this.stream(from, id) !== undefined) continue;
      this.#streams.set(`${from} ${id}`, { from, to: id, up: false, refused: false, there: [], back: [] });
    }
  }

  break(stream: Stream): void {
    stream.up = false;
    stream.refused = false;
    stream.there.length = 0;
    stream.back.length = 0;
  }

  send(message: Message): void {
    this.sent.push(message);
    const { from, to, body } = message;
    if (this.isCut(from, to) || this.#drops.some((drops) => drops(message))) return;
    const isRequest = requestTypes.has(body.type);
    const stream = isRequest ? this.stream(from, to) : this.stream(to, from);
    if (stream?.up) (isRequest ? stream.there : stream.back).push(message);
  }

  /** The queues that have something to deliver now. */
  deliverable(): Message[][] {
    return this.streams().flatMap((stream) => {
      const queues: Message[][] = [];
      if (stream.there.length > 0 && this.isOpen(stream.from, stream.to)) queues.push(stream.there);
      if (stream.back.length > 0 && this.isOpen(stream.to, stream.from)) queues.push(stream.back);
      return queues;
    });
  }

  cut(from: ReplicaId, to: ReplicaId): void {
    this.#cut.add(`${from} ${to}`);
  }
  hold(from: ReplicaId, to: ReplicaId): void {
    this.#held.add(`${from} ${to}`);
  }
  drop(filter: MessageFilter): void {
    this.#drops.push(filter);
  }
  /** Ends everything that cut, hold and drop began; what was held is delivered. */
  heal(): void {
    this.#cut.clear();
    this.#held.clear();
    this.#drops = [];
  }

  isCut(from: ReplicaId, to: ReplicaId): boolean {
    return this.#cut.has(`${from} ${to}`);
  }
  isOpen(from: ReplicaId, to: ReplicaId): boolean {
    return !this.isCut(from, to) && !this.#held.has(`${from} ${to}`);
  }
  mayConnect(from: ReplicaId, to: ReplicaId): boolean {
    return this.isOpen(from, to) && this.isOpen(to, from);
  }
}
