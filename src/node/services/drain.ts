/** Finds the moment at which a node that stops may close its socket: no call is waiting, and none has come in for a while. */
import { setTimeout as pause } from 'node:timers/promises';

/** After a handover the clients learn of the new primary and leave. They count as gone once no call has come in for this long. */
const idleMs = 100;
const maxWaitMs = 1_000;

export interface Traffic {
  /** Calls that are not answered yet. */
  pending(): number;
  /** How long no call has come in. */
  idleForMs(): number;
}

/** Calls that are still on their way to this node are forwarded meanwhile. Resolves after at most a second. */
export async function whenDrained(traffic: Traffic): Promise<void> {
  const deadlineMs = performance.now() + maxWaitMs;
  for (let nowMs = performance.now(); nowMs < deadlineMs; nowMs = performance.now()) {
    const waitMs = traffic.pending() > 0 ? idleMs : idleMs - traffic.idleForMs();
    if (waitMs <= 0) return;
    await pause(Math.min(waitMs, deadlineMs - nowMs));
  }
}
