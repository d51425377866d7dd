/** The moment at which a node that stops may close its socket. */
import { setTimeout as pause } from 'node:timers/promises';

/** After a handover clients learn of the new primary and leave: so long without a call counts as left. */
const quietMs = 100;
const maxWaitMs = 1_000;

export interface Traffic {
  /** Calls that are not answered yet. */
  pending(): number;
  /** How long nothing has come in. */
  idleForMs(): number;
}

/** Clients have been told who is primary now; those on their way are still forwarded. Waits for a second at most. */
export async function whenDrained(traffic: Traffic): Promise<void> {
  const deadlineMs = performance.now() + maxWaitMs;
  for (let nowMs = performance.now(); nowMs < deadlineMs; nowMs = performance.now()) {
    const waitMs = traffic.pending() > 0 ? quietMs : quietMs - traffic.idleForMs();
    if (waitMs <= 0) return;
    await pause(Math.min(waitMs, deadlineMs - nowMs));
  }
}
