/**
 * Expiry at the primary (R17). Only the log expires a key: an operation that meets a due key first appends its delete, and the
 * shell reports the other keys that are due. What is answered by a delete waits for its commit, so a key that was once seen as
 * gone does not come back.
 */
import type { DueEvent } from '../protocol/event.js';
import { type KeyWrite, writeOf } from '../protocol/log-entry.js';
import type { Core } from '../state/core.js';
import type { Primary } from '../state/role.js';
import { append } from './append.js';
import { refusalOfWrite } from './refusals.js';

/** Whether what the newest entry of the key left, committed or not, is due. @param storedMs when the applied value is due. */
export function isDue(core: Core, role: Primary, key: string, storedMs: number | undefined): boolean {
  const newest = role.uncommitted.get(key);
  const expiresAtMs = newest === undefined ? storedMs : writeOf(newest, key).expiresAtMs;
  return expiresAtMs !== undefined && expiresAtMs <= core.timeMs;
}

/** Deletes keys that are due. From here on an operation is judged by that delete. */
export function expire(core: Core, role: Primary, keys: readonly string[]): void {
  if (keys.length > 0) append(core, role, { writes: keys.map(deleteOf), isTimed: true });
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
  append(core, role, { writes: due.map(({ key }) => deleteOf(key)), token, isTimed: true });
}

function deleteOf(key: string): KeyWrite {
  return { key, value: undefined };
}
