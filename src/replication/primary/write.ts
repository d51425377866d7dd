/** Writes, transactions and ordered reads at the primary (R6): judged by the newest entry of the key, appended, answered once committed. */

import type { Answer, NewestWrite } from '../protocol/effect.js';
import type { DueKey, OrderedReadEvent, TransactEvent, WriteEvent } from '../protocol/event.js';
import type { Seq } from '../protocol/ids.js';
import { itemOf, type KeyWrite, versionOf, writeOf } from '../protocol/log-entry.js';
import { type JudgedAnswer, recordedForm } from '../protocol/recorded-answer.js';
import type { RequestIdentity } from '../protocol/request.js';
import { keysOf } from '../protocol/transaction.js';
import type { Core } from '../state/core.js';
import { invariant } from '../state/invariant.js';
import type { Primary } from '../state/role.js';
import type { JudgedWaiter } from '../state/waiters.js';
import { answerJudgement } from './answer-judgement.js';
import { append } from './append.js';
import { dueSince, expire } from './expiry.js';
import { answerOnceFlushed } from './flush-wait.js';
import { judgeTransaction, type NewestItem } from './judge-transaction.js';
import { refusalOfService, refusalOfWrite } from './refusals.js';
import { answerKnown, recordOf, unwritten } from './retries.js';

/** Called under the key's stripe lock. */
export function onWrite(core: Core, event: WriteEvent): void {
  const { role } = core;
  const { request } = event;
  if (request !== undefined && maybeAnswerKnown(core, event, request)) return;
  const refusal = refusalOfWrite(core);
  if (refusal !== undefined || role.kind !== 'primary') {
    return answer(core, event.token, { kind: 'refused', refusal: refusal ?? 'NOT_PRIMARY' });
  }
  const { key, value, token } = event;
  if (value !== undefined && event.ifVersion === undefined) return write(core, role, event);
  const dueMs = dueSince(core, role, key, event.storedExpiresAtMs);
  if (dueMs !== undefined) expire(core, role, [{ key, expiresAtMs: dueMs }]);
  const newest = role.uncommitted.get(key);
  const current = newest === undefined ? event.storedVersion : versionOf(newest, key);
  const isRefused = event.ifVersion !== undefined && event.ifVersion !== current;
  if (!isRefused && (value !== undefined || current !== 0)) return write(core, role, event);
  const found = current ?? 0;
  const waiter = { token, answer: unwritten(found, value, event.ifVersion), sync: event.sync };
  if (request === undefined || request.isFirstAttempt) return answerJudged(core, role, newest?.seq, waiter);
  // An earlier attempt may still arrive: the entry makes sure that it is not executed after this answer (R16).
  const given = waiter.answer;
  append(core, role, { writes: [], token, given, sync: event.sync, request: recordOf(core, event, request, given) });
}

function write(core: Core, role: Primary, event: WriteEvent): void {
  const { key, value, ttlMs, token, sync } = event;
  const request = event.request && recordOf(core, event, event.request);
  if (ttlMs === undefined) return append(core, role, { writes: [{ key, value }], token, sync, request });
  const expiresAtMs = core.clock.after(core.nowMs, ttlMs);
  append(core, role, { writes: [{ key, value, expiresAtMs }], token, sync, request, isTimed: true });
}

/** A primary recognises requests while it serves. False: the request is not answered. */
function maybeAnswerKnown(core: Core, event: WriteEvent | TransactEvent, request: RequestIdentity): boolean {
  const { role } = core;
  return role.kind === 'primary' && refusalOfService(core) === undefined && answerKnown(core, role, event, request);
}

/** Called under the stripe locks of all keys of the transaction. Its writes are one entry, which nothing splits. */
export function onTransact(core: Core, event: TransactEvent): void {
  const { role } = core;
  const { transaction, stored, token, sync, request } = event;
  if (request !== undefined && maybeAnswerKnown(core, event, request)) return;
  const refusal = refusalOfWrite(core);
  if (refusal !== undefined || role.kind !== 'primary') {
    return answer(core, token, { kind: 'refused', refusal: refusal ?? 'NOT_PRIMARY' });
  }
  const keys = keysOf(transaction);
  expire(core, role, dueAmong(core, role, keys, stored));
  const seq = core.log.lastSeq + 1;
  const expiryAfter = (ttlMs: number): number => core.clock.after(core.nowMs, ttlMs);
  const judged = judgeTransaction(transaction, (key) => newestOf(role, stored, key), { seq, expiryAfter });
  if (!('refusal' in judged) && judged.writes.length > 0) {
    const { writes, held, results } = judged;
    const given = { kind: 'transacted', version: seq, held, results } as const;
    const recorded = request && recordOf(core, event, request, recordedForm(given, writes[0]?.value));
    return append(core, role, { writes, token, given, sync, request: recorded, isTimed: writes.some(isExpiring) });
  }
  const given: JudgedAnswer =
    'refusal' in judged
      ? { kind: 'refused', ...judged }
      : { kind: 'transacted', version: 0, held: judged.held, results: judged.results };
  // As in `onWrite`: an earlier attempt may still arrive (R16).
  if (request !== undefined && !request.isFirstAttempt)
    return append(core, role, { writes: [], token, given, sync, request: recordOf(core, event, request, given) });
  const judgedBy = keys.map((key) => role.uncommitted.get(key)?.seq ?? 0);
  answerJudged(core, role, Math.max(0, ...judgedBy) || undefined, { token, answer: given, sync });
}

const nothingDue: readonly DueKey[] = [];

function dueAmong(core: Core, role: Primary, keys: readonly string[], stored: TransactEvent['stored']): readonly DueKey[] {
  let due: DueKey[] | undefined;
  for (const key of keys) {
    const expiresAtMs = dueSince(core, role, key, stored.get(key)?.expiresAtMs);
    if (expiresAtMs === undefined) continue;
    due ??= [];
    due.push({ key, expiresAtMs });
  }
  return due ?? nothingDue;
}

function isExpiring({ expiresAtMs }: KeyWrite): boolean {
  return expiresAtMs !== undefined;
}

/** What the newest entry of the key leaves, committed or not. Values of an entry are never changed. */
function newestOf(role: Primary, stored: TransactEvent['stored'], key: string): NewestItem {
  const newest = role.uncommitted.get(key);
  if (newest !== undefined) return itemOf(newest, key);
  const item = stored.get(key);
  invariant(item !== undefined, 'a transaction came without what is stored under one of its keys');
  const { value, version, expiresAtMs } = item;
  return { value, version, expiresAtMs, isStored: true };
}

/** Called under the key's stripe lock, so that the writes issued before it have been appended. */
export function onOrderedRead(core: Core, { key, storedExpiresAtMs, token }: OrderedReadEvent): void {
  const { role } = core;
  const dueMs = role.kind === 'primary' ? dueSince(core, role, key, storedExpiresAtMs) : undefined;
  const refusal = dueMs !== undefined ? refusalOfWrite(core) : refusalOfService(core);
  if (refusal !== undefined || role.kind !== 'primary') {
    return answer(core, token, { kind: 'refused', refusal: refusal ?? 'NOT_PRIMARY' });
  }
  if (dueMs !== undefined) expire(core, role, [{ key, expiresAtMs: dueMs }]);
  const newest = role.uncommitted.get(key);
  const found = newest && leftBy(writeOf(newest, key), newest.seq);
  answerJudged(core, role, newest?.seq, { token, answer: { kind: 'readable', newest: found } });
}

function leftBy({ value, expiresAtMs }: KeyWrite, seq: Seq): NewestWrite {
  return { value, seq, expiresAtMs };
}

/**
 * Answers a call that wrote nothing, like a read, once the entry that it was judged by has committed (R6, R9). With `sync` it has
 * also been flushed. Where that entry has been applied, it is not known which one it was, only that it is not newer than the commit.
 */
function answerJudged(core: Core, role: Primary, judgedBy: Seq | undefined, waiter: JudgedWaiter): void {
  if (judgedBy !== undefined) role.waiters.addJudged(judgedBy, waiter);
  else if (waiter.sync) answerOnceFlushed(core, role, { ...waiter, seq: core.commitIndex });
  else answerJudgement(core, waiter);
}

function answer(core: Core, token: unknown, given: Answer): void {
  core.emit({ type: 'answer', token, answer: given });
}
