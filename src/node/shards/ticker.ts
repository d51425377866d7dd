/**
 * Gives all replicas of a node their ticks. They tick in one callback, and send the writes of a turn in one callback, so that
 * their messages to another node travel together (peer-links.ts).
 */
import type { TurnEnd } from '../../transport/index.js';

/** A replica, as far as it needs ticks. */
export interface TickerMember {
  /** `nowMs` is the same for all members, so that their beacons are of one time. */
  tick(nowMs: number): void;
  /** Called once for each `atTurnEnd`. */
  turnEnded(): void;
}

/** Ticks in a beacon interval: a beacon leaves, and a silence is noticed, at most one tick late. */
const ticksPerBeacon = 3;
/** From this many shards on there is one tick a beacon interval: the ticks are most of the cost of an idle shard. */
const manyShards = 64;
/** Ticks never come more often than this, however short the beacon interval is. */
const minTickMs = 5;

export class Ticker {
  readonly #members = new Set<TickerMember>();
  readonly #timer: NodeJS.Timeout;
  readonly #turn: TurnEnd;
  #due: TickerMember[] = [];

  constructor(beaconMs: number, shardCount: number, turn: TurnEnd) {
    this.#turn = turn;
    const tickMs = beaconMs / (shardCount < manyShards ? ticksPerBeacon : 1);
    // Timers run before the sockets are read, immediates after it: so messages that have arrived are handled before the tick (R4).
    this.#timer = setInterval(() => setImmediate(() => this.#tick()), Math.max(minTickMs, tickMs));
  }

  add(member: TickerMember): void {
    this.#members.add(member);
  }

  remove(member: TickerMember): void {
    this.#members.delete(member);
  }

  /** Calls `turnEnded` when this turn of the event loop is over. */
  atTurnEnd(member: TickerMember): void {
    if (this.#due.length === 0) this.#turn.at(() => this.#endTurn());
    this.#due.push(member);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const member of this.#members) member.tick(nowMs);
  }

  #endTurn(): void {
    const due = this.#due;
    this.#due = [];
    for (const member of due) member.turnEnded();
  }
}
