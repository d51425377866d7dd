/**
 * Calls with `sync`: a write commits and becomes visible as any other, and is answered once every member of the required set has
 * flushed it. So a loss of power of all nodes at once does not lose it. A call that writes nothing waits in the same way for what
 * it was judged by. Later writes do not wait for that.
 */
import type { Seq } from '../protocol/ids.js';
import type { Core } from '../state/core.js';
import type { Primary } from '../state/role.js';
import type { FlushWaiter } from '../state/waiters.js';
import { answerJudgement } from './answer-judgement.js';
import { requiredIds } from './membership.js';

/** Called whenever entries have committed, more is flushed, or the required set has changed. */
export function answerFlushed(core: Core, role: Primary): void {
  if (!role.waiters.hasFlushWaiters) return;
  role.waiters.releaseFlushed(flushedSeq(core, role), (waiter) => {
    if (waiter.token !== undefined) answerJudgement(core, waiter);
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
