/**
 * One connection that a primary opened to another node: it keeps the order within each direction, loses nothing in the
 * middle, and may break, which takes what is on its way or delivers it late, beside a younger stream.
 */
import type { Message } from '../src/replication/index.js';
import type { EventQueue } from './event-queue.js';
import type { Paths } from './paths.js';

/** A process at one end. */
export interface StreamEnd {
  readonly nodeIndex: number;
  readonly replicaId: string;
}

interface Direction {
  readonly from: number;
  readonly to: number;
  readonly receive: (message: Message) => void;
  lastArrivalMs: number;
  /** Behind something that waits for a cut to end: the rest waits in line. */
  stuck: Message[] | undefined;
}

export class Stream {
  readonly opener: StreamEnd;
  readonly target: StreamEnd;
  /** Nothing is put on it any more. */
  broken = false;
  /** What was on its way is not delivered any more. */
  #drained = false;
  #lingersUntilMs = 0;
  readonly #queue: EventQueue;
  readonly #paths: Paths;
  readonly #there: Direction;
  readonly #back: Direction;

  constructor(
    queue: EventQueue,
    paths: Paths,
    opener: StreamEnd,
    target: StreamEnd,
    receiveThere: (message: Message) => void,
    receiveBack: (message: Message) => void,
  ) {
    this.opener = opener;
    this.target = target;
    this.#queue = queue;
    this.#paths = paths;
    this.#there = newDirection(opener.nodeIndex, target.nodeIndex, receiveThere);
    this.#back = newDirection(target.nodeIndex, opener.nodeIndex, receiveBack);
  }

  /** When the last of what comes back will have come, or earlier than now. */
  get lastBackMs(): number {
    return this.#back.lastArrivalMs;
  }

  request(message: Message): void {
    if (!this.broken) this.#send(this.#there, message);
  }
  answer(message: Message): void {
    if (!this.broken) this.#send(this.#back, message);
  }

  /** Undefined: what is on its way is lost. */
  break(lingerMs: number | undefined): void {
    this.broken = true;
    if (lingerMs === undefined) this.#drained = true;
    else this.#lingersUntilMs = this.#queue.nowMs + lingerMs;
  }

  #send(direction: Direction, message: Message): void {
    if (direction.stuck !== undefined) {
      direction.stuck.push(message);
      return;
    }
    if (!this.#paths.isCut(direction.from, direction.to)) return this.#transmit(direction, message);
    const stuck = [message];
    direction.stuck = stuck;
    this.#paths.whenOpen(direction.from, direction.to, (broken) => {
      direction.stuck = undefined;
      if (broken || this.#drained) return;
      for (const waiting of stuck) this.#transmit(direction, waiting);
    });
  }

  #transmit(direction: Direction, message: Message): void {
    const { nowMs } = this.#queue;
    const arrivalMs = Math.max(direction.lastArrivalMs, nowMs + this.#paths.delayMs(direction.from, direction.to));
    direction.lastArrivalMs = arrivalMs;
    this.#queue.after(arrivalMs - nowMs, () => this.#arrive(direction, message));
  }

  #arrive(direction: Direction, message: Message): void {
    if (this.#drained) return;
    const lateMs = this.#lingersUntilMs - this.#queue.nowMs;
    if (lateMs > 0) this.#queue.after(lateMs, () => this.#arrive(direction, message));
    else direction.receive(message);
  }
}

function newDirection(from: number, to: number, receive: (message: Message) => void): Direction {
  return { from, to, receive, lastArrivalMs: 0, stuck: undefined };
}
