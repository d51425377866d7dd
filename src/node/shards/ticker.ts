/**
 * The one clock of all replicas of a node. They tick in one callback, and flush what a turn has written in one, so that what
 * they have to say to another node travels together (peer-links.ts).
 */
export interface TickerMember {
  /** `nowMs`: the same for all, so that their beacons are of one time. */
  tick(nowMs: number): void;
  /** Once for each `atTurnEnd`. */
  turnEnded(): void;
}

/** Ticks in a beacon interval: beacons leave, and silence is noticed, that much late at the most. */
const ticksPerBeacon = 3;
/** Of so many shards two ticks in three are left out: idle, a tick is most of what a shard costs. */
const manyShards = 64;
const minTickMs = 5;

export class Ticker {
  readonly #members = new Set<TickerMember>();
  readonly #timer: NodeJS.Timeout;
  #due: TickerMember[] = [];

  constructor(beaconMs: number, shardCount: number) {
    const tickMs = beaconMs / (shardCount < manyShards ? ticksPerBeacon : 1);
    // Timers run before the sockets are read: messages that have arrived are handled before the tick (R4).
    this.#timer = setInterval(() => setImmediate(() => this.#tick()), Math.max(minTickMs, tickMs));
  }

  add(member: TickerMember): void {
    this.#members.add(member);
  }

  remove(member: TickerMember): void {
    this.#members.delete(member);
  }

  /** Tells it when this turn is over. */
  atTurnEnd(member: TickerMember): void {
    if (this.#due.length === 0) setImmediate(() => this.#endTurn());
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
