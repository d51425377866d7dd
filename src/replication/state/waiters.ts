/**
 * The calls that wait for a commit at a primary (R6). A write waits for its own entry. A call that wrote nothing (a refused
 * precondition, a delete of nothing) waits for the entry that it was judged by. A call with `sync` waits once more after the
 * commit, until that entry is flushed.
 */

import type { Answer } from '../protocol/effect.js';
import type { Seq } from '../protocol/ids.js';
import { Queue } from './queue.js';

export interface JudgedWaiter {
  readonly token: unknown;
  readonly answer: Answer;
  /** The entry records this very answer, which is a fact once that has committed (R16). Until then its outcome is unknown. */
  readonly isRecorded?: boolean;
  /** The answer waits until the entry is flushed as well. */
  readonly sync?: boolean | undefined;
}

/** A call that waits for nothing but a flush: the entry has committed. */
export interface FlushWaiter extends JudgedWaiter {
  readonly seq: Seq;
}

export class Waiters {
  /** Tokens in order of seq, from `#firstSeq` on; one for each entry of this epoch. */
  readonly #writes = new Queue<unknown>();
  #firstSeq: Seq = 0;
  /** The answer of each of those writes; undefined: it says no more than its version. */
  readonly #answers = new Queue<Answer | undefined>();
  /** Those of the writes that wait for a flush as well. */
  readonly #syncs = new Set<Seq>();
  #judged = new Map<Seq, JudgedWaiter[]>();
  #committed: FlushWaiter[] = [];
  #newestSync: Seq = 0;

  /** `token` undefined: no call waits for the entry. `answer`: what the call is answered with once the entry has committed; undefined: only the version. */
  addWrite(seq: Seq, token: unknown, answer?: Answer, sync?: boolean): void {
    if (this.#writes.length === 0) this.#firstSeq = seq;
    this.#writes.push(token);
    if (sync) {
      this.#syncs.add(seq);
      this.#newestSync = seq;
    }
    this.#answers.push(answer);
  }

  addJudged(seq: Seq, waiter: JudgedWaiter): void {
    if (waiter.sync) this.#newestSync = Math.max(this.#newestSync, seq);
    const waiting = this.#judged.get(seq);
    if (waiting === undefined) this.#judged.set(seq, [waiter]);
    else waiting.push(waiter);
  }

  /** Its entry has committed. */
  addCommitted(waiter: FlushWaiter): void {
    this.#newestSync = Math.max(this.#newestSync, waiter.seq);
    this.#committed.push(waiter);
  }

  /** The newest entry for whose flush a call has waited so far; 0: none has. */
  get newestSync(): Seq {
    return this.#newestSync;
  }

  /** Some calls wait for nothing but a flush. */
  get hasFlushWaiters(): boolean {
    return this.#committed.length > 0;
  }

  /** Every required member has flushed the entries up to `seq`. */
  releaseFlushed(seq: Seq, onFlushed: (waiter: FlushWaiter) => void): void {
    const flushed = this.#committed.filter((waiter) => waiter.seq <= seq);
    if (flushed.length === 0) return;
    this.#committed = this.#committed.filter((waiter) => waiter.seq > seq);
    flushed.forEach(onFlushed);
  }

  /** Calls back for every call that waits for `seq` or an earlier entry, in order; not for those that wait for a flush from now on. */
  release(
    seq: Seq,
    onWrite: (seq: Seq, token: unknown, answer: Answer | undefined) => void,
    onJudged: (waiter: JudgedWaiter) => void,
  ): void {
    for (; this.#writes.length > 0 && this.#firstSeq <= seq; this.#firstSeq++) {
      const token = this.#writes.shift();
      const answer = this.#answers.shift();
      if (!this.#takeSync(this.#firstSeq)) onWrite(this.#firstSeq, token, answer);
      else this.addCommitted(writtenAt(this.#firstSeq, token, answer));
      if (this.#judged.size > 0) this.#releaseJudged(this.#firstSeq, onJudged);
    }
    if (this.#judged.size === 0) return;
    for (const waitingFor of [...this.#judged.keys()].sort((one, other) => one - other)) {
      if (waitingFor <= seq) this.#releaseJudged(waitingFor, onJudged);
    }
  }

  /** Calls back for every waiting call, and forgets all of them. */
  abandon(onWrite: (token: unknown) => void, onJudged: (waiter: JudgedWaiter) => void): void {
    while (this.#writes.length > 0) onWrite(this.#writes.shift());
    this.#answers.clear();
    this.#syncs.clear();
    this.#committed.forEach(onJudged);
    this.#committed = [];
    for (const waiting of this.#judged.values()) waiting.forEach(onJudged);
    this.#judged.clear();
  }

  #takeSync(seq: Seq): boolean {
    return this.#syncs.size > 0 && this.#syncs.delete(seq);
  }

  #releaseJudged(seq: Seq, onJudged: (waiter: JudgedWaiter) => void): void {
    const waiting = this.#judged.get(seq);
    if (waiting === undefined) return;
    this.#judged.delete(seq);
    for (const waiter of waiting) {
      if (waiter.sync) this.addCommitted({ ...waiter, seq });
      else onJudged(waiter);
    }
  }
}

/** Of a write whose entry has committed. */
function writtenAt(seq: Seq, token: unknown, answer: Answer = { kind: 'written', version: seq }): FlushWaiter {
  return { seq, token, answer, isRecorded: true };
}
