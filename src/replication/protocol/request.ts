/**
 * The identity of a write that its client may send again after an unknown outcome, and what the log keeps of it (R16).
 *
 * A client numbers its requests. The number, the client's id and a position that the client knew before it first sent the request
 * let every later primary recognise the request, or know that it cannot.
 */
import type { HistoryId, Seq } from './ids.js';
import { answerBytes, type RecordedAnswer } from './recorded-answer.js';

/** As the client sends it. */
export interface RequestIdentity {
  /** Random, at least 64 bits: no two clients have the same. */
  readonly client: string;
  /** Of the request, from 1. */
  readonly number: number;
  /** The lowest number that the client may still send again; at most `number`. */
  readonly lowest: number;
  /** A position of the shard that the client knew before it first sent the request: the write has a higher seq. */
  readonly history: HistoryId;
  readonly seq: Seq;
  /** No attempt before this one may have been executed. */
  readonly isFirstAttempt: boolean;
}

/** What a log entry carries of the request that it executes, and what the applied state keeps of it. Immutable. */
export interface RecordedRequest {
  readonly client: string;
  readonly number: number;
  readonly lowest: number;
  /** Of the request's content: the same number with other content is refused. */
  readonly fingerprint: number;
  /** With this entry the table of requests forgets the entries up to here, as the primary decided; 0: none. */
  readonly floor: Seq;
  /** Of the entry. */
  readonly seq: Seq;
  /**
   * Undefined: a put or delete that was executed; it is answered with the version of its entry. A request that wrote nothing has a
   * record, too, so that no earlier attempt that is still on its way is executed later.
   */
  readonly answer: RecordedAnswer | undefined;
}

/** Estimated memory of a recorded request beside its client's id and its answer. */
const requestOverheadBytes = 128;

export function requestBytes({ client, answer }: RecordedRequest): number {
  const bytes = requestOverheadBytes + client.length;
  return answer === undefined ? bytes : bytes + answerBytes(answer);
}
