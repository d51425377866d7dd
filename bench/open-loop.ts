/**
 * Third stage with --rate: an open loop. Each operation has a time at which it is to be sent, fixed in advance and whatever becomes
 * of those before it, and its latency counts from that time, as in wrk2. So a stall costs every operation that was due in it, and
 * not only those that were under way: a closed loop would send nothing meanwhile, and leave the stall out of its percentiles.
 *
 * At most `inFlight` operations are under way. One that is due while all places are taken is sent as soon as a place is free, and
 * its latency counts from its scheduled time all the same. When the duration is over, what was due and not sent is still sent for
 * a bounded time, and then counted as never sent.
 */
import { sharedNowMs } from './clock.js';
import { type Execution, failureCodeOf } from './execute.js';
import { readAndCheck, writeAndRecord } from './session.js';

/** Of one thread, on the shared clock. */
export interface Schedule {
  readonly firstAtMs: number;
  /** Between two operations. */
  readonly everyMs: number;
  /** No operation is scheduled from then on. */
  readonly endsAtMs: number;
  /** Until then operations that are late are still sent. */
  readonly lateUntilMs: number;
}

export interface ScheduleCounts {
  readonly scheduled: number;
  /** Sent after their time, because every place in flight was taken. */
  readonly heldBack: number;
  /** Due, but not sent before the end. */
  readonly neverSent: number;
}

/** A stop is noticed within this time, however rare operations are. */
const longestSleepMs = 100;

/** Resolves when it is over and every operation under way has ended. */
export function executeOnSchedule(execution: Execution, schedule: Schedule, isStopped: () => boolean): Promise<ScheduleCounts> {
  return new Promise((resolve) => new OpenLoop(execution, schedule, isStopped, resolve).sendWhatIsDue());
}

class OpenLoop {
  readonly #execution: Execution;
  readonly #schedule: Schedule;
  readonly #isStopped: () => boolean;
  readonly #finish: (counts: ScheduleCounts) => void;
  /** Operations of the whole schedule. */
  readonly #count: number;
  /** The first of them, in order. */
  #sent = 0;
  #heldBack = 0;
  /** The operations before this one are counted as held back, or were not. */
  #judged = 0;
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended: ScheduleCounts | undefined;

  constructor(execution: Execution, schedule: Schedule, isStopped: () => boolean, finish: (counts: ScheduleCounts) => void) {
    const { firstAtMs, everyMs, endsAtMs } = schedule;
    this.#execution = execution;
    this.#schedule = schedule;
    this.#isStopped = isStopped;
    this.#finish = finish;
    this.#count = Math.max(0, Math.ceil((endsAtMs - firstAtMs) / everyMs));
  }

  sendWhatIsDue(): void {
    clearTimeout(this.#timer);
    if (this.#ended !== undefined) return;
    const nowMs = sharedNowMs();
    const isStopped = this.#isStopped();
    if (isStopped || nowMs >= this.#schedule.lateUntilMs) return this.#end(isStopped ? this.#dueBy(nowMs) : this.#count);
    const due = this.#dueBy(nowMs);
    const { inFlight } = this.#execution.session.workload;
    while (this.#sent < due && this.#inFlight < inFlight) this.#send();
    this.#heldBack += Math.max(0, due - Math.max(this.#sent, this.#judged));
    this.#judged = due;
    if (this.#sent === this.#count) return this.#end(this.#count);
    const untilNextMs = this.#sent < due ? longestSleepMs : this.#dueAtMs(this.#sent) - nowMs;
    this.#timer = setTimeout(() => this.sendWhatIsDue(), Math.min(longestSleepMs, untilNextMs));
  }

  async #send(): Promise<void> {
    const { session, generator, recorder, gaps } = this.#execution;
    const dueAtMs = this.#dueAtMs(this.#sent);
    this.#sent += 1;
    this.#inFlight += 1;
    const kind = generator.nextKind();
    const keyIndex = generator.nextKeyIndex();
    try {
      await (kind === 'read' ? readAndCheck(session, keyIndex) : writeAndRecord(session, keyIndex));
      const endedAtMs = sharedNowMs();
      recorder.success(kind, endedAtMs - dueAtMs, endedAtMs);
      gaps.success(endedAtMs);
    } catch (error) {
      recorder.failure(kind, failureCodeOf(error), sharedNowMs());
    }
    this.#inFlight -= 1;
    // There is a place for one that waits.
    if (this.#sent < this.#judged) this.sendWhatIsDue();
    this.#maybeFinish();
  }

  /** `scheduled`: the operations that should have been sent by now. */
  #end(scheduled: number): void {
    this.#ended = { scheduled, heldBack: this.#heldBack, neverSent: scheduled - this.#sent };
    this.#maybeFinish();
  }

  #maybeFinish(): void {
    if (this.#ended !== undefined && this.#inFlight === 0) this.#finish(this.#ended);
  }

  #dueAtMs(index: number): number {
    return this.#schedule.firstAtMs + index * this.#schedule.everyMs;
  }

  /** How many of them. */
  #dueBy(nowMs: number): number {
    const { firstAtMs, everyMs } = this.#schedule;
    return Math.min(this.#count, Math.max(0, Math.floor((nowMs - firstAtMs) / everyMs) + 1));
  }
}
