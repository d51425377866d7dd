/** HTTP requests, and unary calls over frames, that come before the node is live: they are kept, their content unread, until it is. */
import { singleCallWaitMs } from '../operations/api-traits.js';

/** Each has a connection. The HTTP server accepts twice as many. */
const maxRequests = 512;

export class EarlyRequests {
  readonly #waiting = new Map<() => void, NodeJS.Timeout>();
  #isLive = false;

  /** Resolves once the node is live, after the time that a call waits, or at once if too many requests wait. */
  whenStarted(): Promise<void> | undefined {
    if (this.#isLive || this.#waiting.size >= maxRequests) return undefined;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(this.#waiting.get(end));
        this.#waiting.delete(end);
        resolve();
      };
      this.#waiting.set(end, setTimeout(end, singleCallWaitMs).unref());
    });
  }

  goOn(): void {
    this.#isLive = true;
    for (const end of [...this.#waiting.keys()]) end();
  }
}
