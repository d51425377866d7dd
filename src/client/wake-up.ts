/**
 * Sleeping until something changes: the client's one way to wait for connections, for the topology and between retries.
 *
 * A sleeper learns only that it is awake. It looks again for itself, because several reasons may coincide.
 */
export class WakeUp {
  readonly #sleepers = new Set<() => void>();

  /** Resolves after `maxMs`, at `wakeAll()`, or when the signal aborts, whichever is first. Never rejects. */
  sleep(maxMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.max(0, Math.ceil(maxMs)));
      signal?.addEventListener('abort', wake);
      this.#sleepers.add(wake);
    });
  }

  wakeAll(): void {
    for (const wake of [...this.#sleepers]) wake();
  }
}
