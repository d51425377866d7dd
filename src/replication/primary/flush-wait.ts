/**
 * Writes with `sync`: they commit and become visible as any other, and are answered once every member of the required set has
 * flushed them. So a loss of power of all nodes at once does not lose them. Later writes do not wait for that.
 */
import type { Seq } from '../protocol/ids.js';
import type { Core } from '../state/core.js';
import type { Primary } from '../state/role.js';
import type { FlushWaiter } from '../state/waiters.js';
import { requiredIds } from './membership.js';

/** Called whenever entries have committed, more is flushed, or the required set has changed. */
export function answerFlushed(core: Core, role: Primary): void {
  if (!role.waiters.hasFlushWaiters) return;
  role.waiters.releaseFlushed(flushedSeq(core, role), ({ token, answer }) => {
    if (token !== undefined) core.emit({ type: 'answer', token, answer });
  });
}

/** The entry has committed before. */
export function answerOnceFlushed(core: Core, role: Primary, waiter: FlushWaiter): void {
  role.waiters.addCommitted(waiter);
  answerFlushed(core, role);
}

/** Every member of the required set has flushed the log up to here. */
function flushedSeq(core: Core, role: Primary): Seq {
  const { self, durability } = core;
  const flushed = requiredIds(core, role).map((id) => {
    return id === self ? durability.flushedSeq : (role.peers.get(id)?.flushedSeq ?? 0);
  });
  return Math.min(...flushed);
}
