/** How the servers notice that a session is dead: they have not heard of it for longer than its time-out. */
import type { EventQueue } from './event-queue.js';

export class SessionTimeout {
  readonly #queue: EventQueue;
  readonly #servers: { readonly awayUntilMs: number };
  readonly #sessionMs: number;
  readonly #expire: () => void;
  #silentSinceMs: number | undefined;

  constructor(queue: EventQueue, servers: { readonly awayUntilMs: number }, sessionMs: number, expire: () => void) {
    this.#queue = queue;
    this.#servers = servers;
    this.#sessionMs = sessionMs;
    this.#expire = expire;
  }

  /** From now on the servers receive nothing from the session. */
  start(): void {
    this.#silentSinceMs ??= this.#queue.nowMs;
    this.#expireUnlessHeard(this.#silentSinceMs, this.#sessionMs);
  }
  stop(): void {
    this.#silentSinceMs = undefined;
  }

  /** While the servers are away nothing expires, and they count anew when they are back. */
  #expireUnlessHeard(silentSinceMs: number, afterMs: number): void {
    this.#queue.after(afterMs, () => {
      if (this.#silentSinceMs !== silentSinceMs) return;
      const awayMs = this.#servers.awayUntilMs - this.#queue.nowMs;
      if (awayMs > 0) this.#expireUnlessHeard(silentSinceMs, awayMs + this.#sessionMs);
      else this.#expire();
    });
  }
}
