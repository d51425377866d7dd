/** Requests that their clients may send again (R16): recognised, refused, or recorded with the entry that executes them. */

import type { Answer } from '../protocol/effect.js';
import type { TransactEvent, WriteEvent } from '../protocol/event.js';
import { fingerprintOfTransaction, fingerprintOfWrite } from '../protocol/fingerprint.js';
import type { Seq } from '../protocol/ids.js';
import { type JudgedAnswer, judgedForm, type RecordedAnswer } from '../protocol/recorded-answer.js';
import type { RecordedRequest, RequestIdentity } from '../protocol/request.js';
import type { Core } from '../state/core.js';
import type { Primary } from '../state/role.js';
import { answerOnceFlushed } from './flush-wait.js';

/**
 * Answers a request that is recognised, or that cannot be. A recognised one gets its first answer, once its entry has committed.
 * That is a fact, whatever has happened to the key since, so it needs no lease. False: the request was never executed.
 */
export function answerKnown(core: Core, role: Primary, event: WriteEvent | TransactEvent, request: RequestIdentity): boolean {
  const { token, sync } = event;
  const known = core.requests.find(request.client, request.number);
  if (known === undefined) {
    if (!isTooOld(core, request)) return false;
    core.emit({ type: 'answer', token, answer: tooOld(core, request) });
    return true;
  }
  if (known.fingerprint !== fingerprintOf(event)) {
    const isDefinite = request.isFirstAttempt;
    core.emit({ type: 'answer', token, answer: { kind: 'refused', refusal: 'REQUEST_REUSED', isDefinite } });
    return true;
  }
  const { seq } = known;
  const answer: Answer = known.answer === undefined ? { kind: 'written', version: seq } : judgedForm(known.answer, seq);
  if (seq > core.commitIndex) role.waiters.addJudged(seq, { token, answer, isRecorded: true, sync });
  else if (sync) answerOnceFlushed(core, role, { seq, token, answer, isRecorded: true });
  else core.emit({ type: 'answer', token, answer });
  return true;
}

/** An execution of the request, if there was one, has a higher seq than its position. So above the floor it would be recognised. */
function isTooOld({ requests, history, log }: Core, { client, number, history: known, seq }: RequestIdentity): boolean {
  return known !== history || seq < requests.floor || seq > log.lastSeq || requests.isBehind(client, number);
}

/** After an attempt with an unknown outcome no refusal makes the write definite (G4). */
function tooOld({ history = '', commitIndex }: Core, { isFirstAttempt }: RequestIdentity): Answer {
  const position = { history, seq: commitIndex };
  return { kind: 'refused', refusal: 'REQUEST_TOO_OLD', isDefinite: isFirstAttempt, position };
}

/** The answer to a put or delete that found this version, and wrote nothing. */
export function unwritten(found: Seq, value: Uint8Array | undefined, ifVersion: Seq | undefined): JudgedAnswer {
  if (value === undefined && found === 0 && (ifVersion === undefined || ifVersion === 0)) return { kind: 'nothingToDelete' };
  return { kind: 'refused', refusal: 'VERSION_MISMATCH', currentVersion: found };
}

/** What the next entry records of the request. The primary decides the floor here (R16). */
export function recordOf(
  core: Core,
  event: WriteEvent | TransactEvent,
  request: RequestIdentity,
  answer?: RecordedAnswer,
): RecordedRequest {
  const { client, number } = request;
  const lowest = Math.min(request.lowest, number);
  const { maxRequests, maxRequestBytes, mostRequests } = core.options;
  const floor = event.hasRoom
    ? core.requests.nextFloor(mostRequests, Number.POSITIVE_INFINITY, core.appliedSeq)
    : core.requests.nextFloor(maxRequests, maxRequestBytes, core.appliedSeq);
  return { client, number, lowest, fingerprint: fingerprintOf(event), floor, seq: core.log.lastSeq + 1, answer };
}

function fingerprintOf(event: WriteEvent | TransactEvent): number {
  return event.type === 'write' ? fingerprintOfWrite(event) : fingerprintOfTransaction(event.transaction);
}
