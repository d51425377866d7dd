/**
 * One connection that a primary opened to another node. It keeps the order within each direction, except that appends
 * give way to everything else, and loses nothing in the middle. When it breaks, messages on their way are lost, or arrive late beside a younger stream.
 */
import type { Message } from '../../src/replication/index.js';
import { BeaconMemory, isBeacon } from '../../src/wire/peer/beacon-memory.js';
import { require } from '../safety/violation.js';
import type { EventQueue } from './event-queue.js';
import type { Ways } from './paths.js';

/** A process at one end. */
export interface StreamEnd {
  readonly nodeIndex: number;
  readonly replicaId: string;
}

/** A message on its way, or the mark that a beacon of the shard is repeated. */
type Sent = { readonly shard: number } & ({ readonly whole: Message } | { readonly repeatedAtMs: number });

interface Direction {
  readonly from: number;
  readonly to: number;
  readonly receive: (message: Message) => void;
  lastArrivalMs: number;
  /** Messages that wait, in order, for a cut to end. */
  stuck: Sent[] | undefined;
  /** The beacons that the sender and the receiver remember. They are shared as in the shell. */
  readonly said: BeaconMemory;
  readonly heard: BeaconMemory;
  readonly onItsWay: Sent[];
}

/** The simulation has a stream for each shard. */
const onlyShard = 0;

export class Stream {
  readonly opener: StreamEnd;
  readonly target: StreamEnd;
  /** It takes no more messages. */
  broken = false;
  /** Messages that were on their way are not delivered. */
  #drained = false;
  #lingersUntilMs = 0;
  readonly #queue: EventQueue;
  readonly #paths: Ways;
  readonly #there: Direction;
  readonly #back: Direction;

  constructor(
    queue: EventQueue,
    paths: Ways,
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

  /** The arrival time of the last message that comes back. It may have passed. */
  get lastBackMs(): number {
    return this.#back.lastArrivalMs;
  }

  request(message: Message, shard = onlyShard): void {
    if (!this.broken) this.#send(this.#there, shorten(this.#there, shard, message));
  }
  answer(message: Message, shard = onlyShard): void {
    if (!this.broken) this.#send(this.#back, shorten(this.#back, shard, message));
  }

  /** `lingerMs` undefined: messages on their way are lost. */
  break(lingerMs: number | undefined): void {
    this.broken = true;
    if (lingerMs === undefined) this.#drained = true;
    else this.#lingersUntilMs = this.#queue.nowMs + lingerMs;
  }

  #send(direction: Direction, sent: Sent): void {
    if (direction.stuck !== undefined) {
      direction.stuck.push(sent);
      return;
    }
    if (!this.#paths.isCut(direction.from, direction.to)) return this.#transmit(direction, sent);
    const stuck = [sent];
    direction.stuck = stuck;
    this.#paths.whenOpen(direction.from, direction.to, (broken) => {
      direction.stuck = undefined;
      // With the lost messages all later ones are lost, so that none is missing in the middle.
      if (broken) this.break(undefined);
      if (this.#drained) return;
      for (const waiting of stuck) this.#transmit(direction, waiting);
    });
  }

  #transmit(direction: Direction, sent: Sent): void {
    const { from, to, lastArrivalMs } = direction;
    const { onItsWay } = direction;
    let at = onItsWay.length;
    // Everything else overtakes the appends before it.
    if (!isAppend(sent)) while (at > 0 && isAppend(onItsWay[at - 1]!)) at -= 1;
    onItsWay.splice(at, 0, sent);
    direction.lastArrivalMs = this.#paths.carry(from, to, () => this.#arrive(direction), { notBeforeMs: lastArrivalMs });
  }

  /** Messages are received in the order in which they are on their way, whatever delay each had. */
  #arrive(direction: Direction): void {
    if (this.#drained) return;
    const lateMs = this.#lingersUntilMs - this.#queue.nowMs;
    if (lateMs > 0) this.#queue.after(lateMs, () => this.#arrive(direction));
    else direction.receive(restore(direction, direction.onItsWay.shift()!));
  }
}

function newDirection(from: number, to: number, receive: (message: Message) => void): Direction {
  const memories = { said: new BeaconMemory(), heard: new BeaconMemory() };
  return { from, to, receive, lastArrivalMs: 0, stuck: undefined, ...memories, onItsWay: [] };
}

function shorten({ said }: Direction, shard: number, message: Message): Sent {
  const repeats = isBeacon(message) && said.repeats(shard, message);
  return repeats ? { shard, repeatedAtMs: message.body.sentAtMs } : { shard, whole: message };
}

function isAppend(sent: Sent): boolean {
  return 'whole' in sent && sent.whole.body.type === 'append';
}

function restore({ heard }: Direction, sent: Sent): Message {
  if ('whole' in sent) {
    if (isBeacon(sent.whole)) heard.remember(sent.shard, sent.whole);
    return sent.whole;
  }
  const message = heard.repeated(sent.shard, sent.repeatedAtMs);
  require(message !== undefined, () => `shard ${sent.shard}: a beacon says again what was not said on its stream`);
  return message!;
}
