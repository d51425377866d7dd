/**
 * Gives all replicas of a node their ticks. They tick in one callback, and send the writes of a turn in one callback, so that
 * their messages to another node travel together (peer-links.ts).
 */
import type { TurnEnd } from '../../transport/index.js';

/** A part of a shard that needs ticks. */
export interface Ticking {
  /** `nowMs` is the same for all members, so that their beacons are of one time. */
  tick(nowMs: number): void;
}

/** A replica that sends what it has written in a turn. */
export interface Writing {
  /** Called once for each `atTurnEnd`. `nowMs` is the same for all members. */
  turnEnded(nowMs: number): void;
}

/** Ticks in a beacon interval: a beacon leaves, and a silence is noticed, at most one tick late. */
const ticksPerBeacon = 3;
/** From this many shards on there is one tick a beacon interval: the ticks are most of the cost of an idle shard. */
const manyShards = 64;
/** Ticks never come more often than this, however short the beacon interval is. */
const minTickMs = 5;

export class Ticker {
  readonly tickMs: number;
  readonly #members = new Set<Ticking>();
  readonly #timer: NodeJS.Timeout;
  readonly #turn: TurnEnd;
  #due: Writing[] = [];

  constructor(beaconMs: number, shardCount: number, turn: TurnEnd) {
    this.#turn = turn;
    this.tickMs = Math.max(minTickMs, beaconMs / (shardCount < manyShards ? ticksPerBeacon : 1));
    // Timers run before the sockets are read, immediates after it: so messages that have arrived are handled before the tick (R4).
    this.#timer = setInterval(() => setImmediate(() => this.#tick()), this.tickMs);
  }

  add(member: Ticking): void {
    this.#members.add(member);
  }

  remove(member: Ticking): void {
    this.#members.delete(member);
  }

  /** Calls `turnEnded` when this turn of the event loop is over. */
  atTurnEnd(member: Writing): void {
    if (this.#due.length === 0) this.#turn.write(() => this.#endTurn());
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
    const nowMs = performance.now();
    for (const member of due) member.turnEnded(nowMs);
  }
}
