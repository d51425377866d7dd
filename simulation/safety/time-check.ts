/**
 * The time of the shard at primaries that serve (R17): it passes as fast as their clocks, and no change of primary moves it forward
 * by more than has passed. So no TTL ends early. It is turned back only where a replica that started again with its data becomes
 * primary before it has followed one that knew the time; then not below the time that is logged on its disk. A primary with keys
 * that expire logs it often. So no TTL is lengthened by more than the time without a primary, and about a second.
 */
import type { Event, Message, ShardState } from '../../src/replication/index.js';
import type { ReplicaProcess } from '../virtual/process.js';
import { require } from './violation.js';

/** A primary with keys that expire logs the time at the first tick after it has passed by this much. */
const loggedEveryMs = 1000;
/** Times are whole milliseconds, rounded at each change of primary. */
const roundingMs = 3;

interface Observed {
  readonly generation: number;
  readonly epoch: number;
  readonly timeMs: number;
  readonly atMs: number;
}

interface TimedRun {
  readonly queue: { readonly nowMs: number };
  readonly leaseMs: number;
  readonly driftBound: number;
  readonly volatile: boolean;
}

export class TimeCheck {
  readonly #run: TimedRun;
  /** Epochs whose primary was named by the one before it. */
  readonly #handedOver = new Set<number>();
  #last: Observed | undefined;
  /** Processes that know no more of the time than what the disk of a replica held that started again. */
  readonly #behind = new WeakSet<ReplicaProcess>();
  readonly #started = new WeakSet<ReplicaProcess>();
  /** Since a primary has served last, one of these has become primary: the least time on their disks. */
  #leastLoggedMs = Number.POSITIVE_INFINITY;

  constructor(run: TimedRun) {
    this.#run = run;
  }

  onState({ epoch, inSync, primary }: ShardState, before: ShardState | undefined): void {
    const last = before?.primary;
    if (last !== undefined && last !== primary && inSync.includes(last)) this.#handedOver.add(epoch);
  }

  afterEvent(process: ReplicaProcess, event: Event): void {
    this.#noteStart(process);
    if (event.type === 'message' && event.message.body.type === 'sync') this.#noteFollowed(process, event.message);
    if (event.type === 'tick' && event.hasDeadlines === true && !this.#run.volatile) requireLogged(process);
  }

  takesOffice(process: ReplicaProcess): void {
    this.#noteStart(process);
    if (this.#behind.has(process)) this.#leastLoggedMs = Math.min(this.#leastLoggedMs, process.disk.loggedTimeMs);
  }

  #noteStart(process: ReplicaProcess): void {
    if (this.#started.has(process)) return;
    this.#started.add(process);
    if (process.isRestarted) this.#behind.add(process);
  }

  /** A replica that follows takes the time of its primary, whatever it knew before. */
  #noteFollowed(process: ReplicaProcess, { from, epochId }: Message): void {
    if (process.replica.epochId !== epochId || process.replica.status(process.nowMs).role === 'claimant') return;
    const primary = process.world.nodes.find((node) => node.process?.replicaId === from)?.process;
    if (primary === undefined) return;
    if (this.#behind.has(primary)) this.#behind.add(process);
    else this.#behind.delete(process);
  }

  /** A primary serves. */
  observe(process: ReplicaProcess, generation: number): void {
    const { driftBound, queue } = this.#run;
    const last = this.#last;
    const timeMs = process.replica.timeMs(process.nowMs);
    const { epoch } = process.replica;
    this.#last = { generation, epoch, timeMs, atMs: queue.nowMs };
    const leastLoggedMs = this.#leastLoggedMs;
    this.#leastLoggedMs = Number.POSITIVE_INFINITY;
    if (last === undefined || last.generation !== generation) return;
    const passedMs = queue.nowMs - last.atMs;
    const { replicaId } = process;
    require(timeMs - last.timeMs <= this.#mostMs(process, last, passedMs) + roundingMs, () =>
      `${replicaId} has moved the time of the shard from ${last.timeMs} to ${timeMs}, and ${passedMs} ms have passed`);
    const leastMs = last.timeMs + (last.epoch === epoch ? passedMs * (1 - driftBound) : -this.#allowedBackMs(process));
    require(timeMs >= Math.min(leastMs, leastLoggedMs) - roundingMs, () =>
      `${replicaId} has turned the time of the shard back from ${last.timeMs} to ${timeMs}, and ${passedMs} ms have passed`);
  }

  /** A successor counts from a beacon that its predecessor has sent up to a lease before it served last: their clocks drift apart. */
  #mostMs(process: ReplicaProcess, last: Observed, passedMs: number): number {
    const { driftBound, leaseMs } = this.#run;
    const sinceBeaconMs = last.epoch === process.replica.epoch ? 0 : leaseMs / (1 - driftBound);
    return passedMs * (1 + driftBound) + 2 * driftBound * sinceBeaconMs;
  }

  /** A successor that was named knows the time as of a beacon that was sent less than a lease ago. */
  #allowedBackMs(process: ReplicaProcess): number {
    return this.#handedOver.has(process.replica.epoch) ? this.#run.leaseMs : 0;
  }
}

function requireLogged({ alive, replica, replicaId, loggedTimeMs, nowMs }: ReplicaProcess): void {
  if (!alive || replica.refusalOfRead(nowMs) !== undefined) return;
  const timeMs = replica.timeMs(nowMs);
  require(timeMs < loggedTimeMs + loggedEveryMs, () => `${replicaId} serves at ${timeMs}, and has logged ${loggedTimeMs}`);
}
