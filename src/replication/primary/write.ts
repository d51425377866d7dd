/** Writes, transactions and ordered reads at the primary (R6): judged by the newest entry of the key, appended, answered once committed. */

import type { Answer, Refusal } from '../protocol/effect.js';
import type { OrderedReadEvent, TransactEvent, WriteEvent } from '../protocol/event.js';
import type { Seq } from '../protocol/ids.js';
import { entryBytes, type KeyWrite, type LogEntry, versionOf, writeOf } from '../protocol/log-entry.js';
import type { RecordedRequest } from '../protocol/request.js';
import { type FoundItem, keysOf } from '../protocol/transaction.js';
import type { Core } from '../state/core.js';
import { invariant } from '../state/invariant.js';
import type { Primary } from '../state/role.js';
import type { JudgedWaiter } from '../state/waiters.js';
import { judgeTransaction } from './judge-transaction.js';
import { holdsLease } from './lease.js';
import { requiredIds } from './membership.js';
import { answerKnown, recordOf, unwritten } from './retries.js';

/** Called under the key's stripe lock. */
export function onWrite(core: Core, event: WriteEvent): void {
  const { role } = core;
  const { request } = event;
  const isKnowable = request !== undefined && role.kind === 'primary' && refusalOfService(core) === undefined;
  if (isKnowable && answerKnown(core, role, event, request)) return;
  const refusal = refusalOfWrite(core);
  if (refusal !== undefined || role.kind !== 'primary') {
    return answer(core, event.token, { kind: 'refused', refusal: refusal ?? 'NOT_PRIMARY' });
  }
  const { key, value, token } = event;
  if (value !== undefined && event.ifVersion === undefined) return write(core, role, event);
  const newest = role.uncommitted.get(key);
  const current = newest === undefined ? event.storedVersion : versionOf(newest, key);
  const isRefused = event.ifVersion !== undefined && event.ifVersion !== current;
  if (!isRefused && (value !== undefined || current !== 0)) return write(core, role, event);
  const found = current ?? 0;
  const waiter = { token, answer: unwritten(found, value, event.ifVersion) };
  if (request === undefined || request.isFirstAttempt) return answerJudged(core, role, newest?.seq, waiter);
  // An earlier attempt may still arrive: the entry makes sure that it is not executed after this answer (R16).
  append(core, role, [], token, waiter.answer, recordOf(core, event, request, found));
}

function write(core: Core, role: Primary, event: WriteEvent): void {
  const { key, value, token, request } = event;
  append(core, role, [{ key, value }], token, undefined, request && recordOf(core, event, request));
}

/** Called under the stripe locks of all keys of the transaction. Its writes are one entry, which nothing splits. */
export function onTransact(core: Core, { transaction, stored, token }: TransactEvent): void {
  const { role } = core;
  const refusal = refusalOfWrite(core);
  if (refusal !== undefined || role.kind !== 'primary') {
    return answer(core, token, { kind: 'refused', refusal: refusal ?? 'NOT_PRIMARY' });
  }
  const seq = core.log.lastSeq + 1;
  const judged = judgeTransaction(transaction, (key) => newestOf(role, stored, key), seq);
  if (!('refusal' in judged) && judged.writes.length > 0) {
    const { writes, held, results } = judged;
    return append(core, role, writes, token, { kind: 'transacted', version: seq, held, results });
  }
  const given: Answer =
    'refusal' in judged
      ? { kind: 'refused', ...judged }
      : { kind: 'transacted', version: 0, held: judged.held, results: judged.results };
  const judgedBy = keysOf(transaction).map((key) => role.uncommitted.get(key)?.seq ?? 0);
  answerJudged(core, role, Math.max(0, ...judgedBy) || undefined, { token, answer: given });
}

/** What the newest entry of the key leaves, committed or not. Values of an entry are never changed; stored ones are copied. */
function newestOf(role: Primary, stored: TransactEvent['stored'], key: string): FoundItem {
  const newest = role.uncommitted.get(key);
  if (newest !== undefined) return { value: writeOf(newest, key).value, version: versionOf(newest, key) };
  const item = stored.get(key);
  invariant(item !== undefined, 'a transaction came without what is stored under one of its keys');
  return { value: item.value?.slice(), version: item.version };
}

/** Called under the key's stripe lock, so that the writes issued before it have been appended. */
export function onOrderedRead(core: Core, event: OrderedReadEvent): void {
  const { role } = core;
  const refusal = refusalOfService(core);
  if (refusal !== undefined || role.kind !== 'primary') {
    return answer(core, event.token, { kind: 'refused', refusal: refusal ?? 'NOT_PRIMARY' });
  }
  const newest = role.uncommitted.get(event.key);
  const found = newest && { value: writeOf(newest, event.key).value, seq: newest.seq };
  answerJudged(core, role, newest?.seq, { token: event.token, answer: { kind: 'readable', newest: found } });
}

/** `given`: what the call is answered with once the entry has committed; undefined: only its version. */
function append(
  core: Core,
  role: Primary,
  writes: readonly KeyWrite[],
  token: unknown,
  given?: Answer,
  request?: RecordedRequest,
): void {
  const entry: LogEntry = { seq: core.log.lastSeq + 1, epoch: role.epoch, writes, request };
  core.log.append(entry, role.epochId);
  if (request !== undefined) core.requests.begin(request);
  for (const { key } of writes) role.uncommitted.set(key, entry);
  role.uncommittedBytes += entryBytes(entry);
  role.waiters.addWrite(entry.seq, token, given);
}

/** Answers a call that wrote nothing, like a read, once the entry that it was judged by has committed (R6, R9). */
function answerJudged(core: Core, role: Primary, judgedBy: Seq | undefined, waiter: JudgedWaiter): void {
  if (judgedBy !== undefined) role.waiters.addJudged(judgedBy, waiter);
  else answerJudgement(core, waiter);
}

/** The entry that the call was judged by has committed. An answer that no entry records is given like a read (R6, R9). */
export function answerJudgement(core: Core, waiter: JudgedWaiter): void {
  if (waiter.isRecorded) return answer(core, waiter.token, waiter.answer);
  const refusal = refusalOfRead(core, core.nowMs);
  answer(core, waiter.token, refusal === undefined ? waiter.answer : { kind: 'refused', refusal });
}

function answer(core: Core, token: unknown, given: Answer): void {
  core.emit({ type: 'answer', token, answer: given });
}

/** Every refusal here comes before the entry is appended: definitely not executed (R11, R12). */
function refusalOfWrite(core: Core): Refusal | undefined {
  const { role, options } = core;
  const refusal = refusalOfService(core);
  if (refusal !== undefined || role.kind !== 'primary') return refusal;
  if (role.handover !== undefined || role.ending) return 'HANDOVER_IN_PROGRESS';
  if (core.register.confirmed.length < options.minInSync) return 'TOO_FEW_IN_SYNC';
  const waiting = core.log.lastSeq - core.commitIndex;
  if (waiting >= options.maxUncommittedEntries || role.uncommittedBytes >= options.maxUncommittedBytes) return 'OVERLOADED';
  return undefined;
}

/** `nowMs` is sampled after the request was received (R9). */
export function refusalOfRead(core: Core, nowMs: number): Refusal | undefined {
  const { role } = core;
  const refusal = refusalOfService(core);
  if (refusal !== undefined || role.kind !== 'primary') return refusal;
  if (role.handover?.stage === 'proposed' || role.ending) return 'HANDOVER_IN_PROGRESS';
  const leased = holdsLease(role, core.self, requiredIds(core, role), core.options.leaseMs, nowMs);
  return leased ? undefined : 'LEASE_LAPSED';
}

function refusalOfService(core: Core): Refusal | undefined {
  const { role } = core;
  if (role.kind !== 'primary' || core.stopped) return 'NOT_PRIMARY';
  if (!role.serving) return 'TAKEOVER_IN_PROGRESS';
  if (role.paused) return 'PAUSED';
  return undefined;
}
