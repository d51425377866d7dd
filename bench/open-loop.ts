/**
 * The third stage with --rate: an open loop. Each operation has a scheduled time, which is fixed in advance and does
 * not depend on earlier operations. Its latency counts from that time, as in wrk2. So a stall delays every operation
 * that was due in it. A closed loop would send nothing during a stall, and its percentiles would hide the stall.
 *
 * At most `inFlight` operations are in flight. An operation that is due while all places are taken is sent when a
 * place is free, and its latency still counts from its scheduled time. After the end of the duration, due operations
 * are still sent for a bounded time. The rest counts as never sent.
 */
import { sharedNowMs } from './clock.js';
import { type Execution, failureCodeOf } from './execute.js';
import { readAndCheck, writeAndRecord } from './session.js';

/** The schedule of one thread, on the shared clock. */
export interface ArrivalSchedule {
  readonly firstAtMs: number;
  /** The time between two operations. */
  readonly everyMs: number;
  /** The end of the schedule. */
  readonly endsAtMs: number;
  /** Late operations are sent until this time. */
  readonly lateUntilMs: number;
}

export interface ScheduleCounts {
  readonly scheduled: number;
  /** Operations sent late, because every place in flight was taken. */
  readonly heldBack: number;
  /** Operations that were due, but not sent before the end. */
  readonly neverSent: number;
}

/** A stop is noticed within this time, even if operations are rare. */
const longestSleepMs = 100;

/** Resolves when the schedule is over or stopped, and every operation in flight has ended. */
export function executeOnSchedule(
  execution: Execution,
  schedule: ArrivalSchedule,
  isStopped: () => boolean,
): Promise<ScheduleCounts> {
  return new Promise((resolve) => new OpenLoop(execution, schedule, isStopped, resolve).sendWhatIsDue());
}

class OpenLoop {
  readonly #execution: Execution;
  readonly #schedule: ArrivalSchedule;
  readonly #isStopped: () => boolean;
  readonly #finish: (counts: ScheduleCounts) => void;
  /** The number of operations in the whole schedule. */
  readonly #count: number;
  /** The number of operations sent so far. They are sent in order. */
  #sent = 0;
  #heldBack = 0;
  /** Whether an operation was held back is settled for those before this index. */
  #judged = 0;
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended: ScheduleCounts | undefined;

  constructor(
    execution: Execution,
    schedule: ArrivalSchedule,
    isStopped: () => boolean,
    finish: (counts: ScheduleCounts) => void,
  ) {
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
    // A place is free for an operation that waits.
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

  /** The number of operations that are due by this time. */
  #dueBy(nowMs: number): number {
    const { firstAtMs, everyMs } = this.#schedule;
    return Math.min(this.#count, Math.max(0, Math.floor((nowMs - firstAtMs) / everyMs) + 1));
  }
}
