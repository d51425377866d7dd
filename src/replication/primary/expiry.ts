/**
 * Expiry at the primary (R17). Only the log expires a key: an operation that meets a due key first appends its delete, and the
 * shell reports the other keys that are due. What is answered by a delete waits for its commit, so a key that was once seen as
 * gone does not come back.
 */
import type { DueEvent, DueKey } from '../protocol/event.js';
import { writeOf } from '../protocol/log-entry.js';
import type { Core } from '../state/core.js';
import type { Primary } from '../state/role.js';
import { append } from './append.js';
import { refusalOfWrite } from './refusals.js';

/**
 * When what the newest entry of the key left, committed or not, was due; undefined: it is not. @param storedMs when the applied value
 * is due.
 */
export function dueSince(core: Core, role: Primary, key: string, storedMs: number | undefined): number | undefined {
  const newest = role.uncommitted.get(key);
  const expiresAtMs = newest === undefined ? storedMs : writeOf(newest, key).expiresAtMs;
  return expiresAtMs !== undefined && expiresAtMs <= core.timeMs ? expiresAtMs : undefined;
}

/** Deletes keys that are due. From here on an operation is judged by that delete. @param token of the call that waits for its commit */
export function expire(core: Core, role: Primary, due: readonly DueKey[], token?: unknown): void {
  if (due.length === 0) return;
  const times = due.map(({ expiresAtMs }) => expiresAtMs);
  role.expiring.set(core.log.lastSeq + 1, times);
  append(core, role, { writes: due.map(({ key }) => ({ key, value: undefined })), token, isTimed: true });
}

/** Reports the deletes that have committed by now. */
export function reportExpired(core: Core, { expiring }: Primary): void {
  for (const [seq, times] of expiring) {
    if (seq > core.commitIndex) return;
    expiring.delete(seq);
    core.emit({ type: 'expired', lagsMs: times.map((expiresAtMs) => core.timeMs - expiresAtMs) });
  }
}

/** A key that has an uncommitted entry is left alone: that entry decides, once it is applied, whether the key is due. */
export function onDue(core: Core, { token, keys }: DueEvent): void {
  const { role, timeMs } = core;
  const refusal = refusalOfWrite(core);
  if (refusal !== undefined || role.kind !== 'primary') {
    return core.emit({ type: 'answer', token, answer: { kind: 'refused', refusal: refusal ?? 'NOT_PRIMARY' } });
  }
  const due = keys.filter(({ key, expiresAtMs }) => expiresAtMs <= timeMs && !role.uncommitted.has(key));
  if (due.length === 0) return core.emit({ type: 'answer', token, answer: { kind: 'nothingDue' } });
  expire(core, role, due, token);
}
