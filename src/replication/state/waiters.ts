/**
 * The calls that wait for a commit at a primary (R6). A write waits for its own entry. A call that wrote nothing (a refused
 * precondition, a delete of nothing) waits for the entry that it was judged by.
 */

import type { Answer } from '../protocol/effect.js';
import type { Seq } from '../protocol/ids.js';
import { Queue } from './queue.js';

export interface JudgedWaiter {
  readonly token: unknown;
  readonly answer: Answer;
  /** The entry records this very answer, which is a fact once that has committed (R16). Until then its outcome is unknown. */
  readonly isRecorded?: boolean;
}

export class Waiters {
  /** Tokens in order of seq, from `#firstSeq` on; one for each entry of this epoch. */
  readonly #writes = new Queue<unknown>();
  #firstSeq: Seq = 0;
  /** Answers of those writes that say more than their version. */
  readonly #answers = new Map<Seq, Answer>();
  #judged = new Map<Seq, JudgedWaiter[]>();

  /** `token` undefined: no call waits for the entry. `answer`: what the call is answered with once the entry has committed; undefined: only the version. */
  addWrite(seq: Seq, token: unknown, answer?: Answer): void {
    if (this.#writes.length === 0) this.#firstSeq = seq;
    this.#writes.push(token);
    if (answer !== undefined) this.#answers.set(seq, answer);
  }

  addJudged(seq: Seq, waiter: JudgedWaiter): void {
    const waiting = this.#judged.get(seq);
    if (waiting === undefined) this.#judged.set(seq, [waiter]);
    else waiting.push(waiter);
  }

  /** Calls back for every call that waits for `seq` or an earlier entry, in order. */
  release(
    seq: Seq,
    onWrite: (seq: Seq, token: unknown, answer: Answer | undefined) => void,
    onJudged: (waiter: JudgedWaiter) => void,
  ): void {
    for (; this.#writes.length > 0 && this.#firstSeq <= seq; this.#firstSeq++) {
      onWrite(this.#firstSeq, this.#writes.shift(), this.#takeAnswer(this.#firstSeq));
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
    for (const waiting of this.#judged.values()) waiting.forEach(onJudged);
    this.#judged.clear();
  }

  #takeAnswer(seq: Seq): Answer | undefined {
    if (this.#answers.size === 0) return undefined;
    const answer = this.#answers.get(seq);
    this.#answers.delete(seq);
    return answer;
  }

  #releaseJudged(seq: Seq, onJudged: (waiter: JudgedWaiter) => void): void {
    const waiting = this.#judged.get(seq);
    if (waiting === undefined) return;
    this.#judged.delete(seq);
    waiting.forEach(onJudged);
  }
}
