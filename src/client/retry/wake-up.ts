/**
 * Sleeps until something changes: the client's one way to wait for connections, for the topology and between retries.
 *
 * A sleeper learns only that it is awake. It looks again for itself, because several reasons may coincide.
 */
export class WakeUp {
  /** The sleepers, each with the shard it waits for, if it waits for one. */
  readonly #sleepers = new Map<() => void, number | undefined>();

  /** Resolves after `maxMs`, when it is woken, or when the signal aborts, whichever is first. Never rejects. */
  sleep(maxMs: number, signal?: AbortSignal, shard?: number): Promise<void> {
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
      this.#sleepers.set(wake, shard);
    });
  }

  wakeAll(): void {
    for (const wake of [...this.#sleepers.keys()]) wake();
  }

  /** There may be many sleepers, and changes of many shards one after the other. */
  wakeShards(shards: ReadonlySet<number>): void {
    for (const [wake, shard] of [...this.#sleepers]) if (shard !== undefined && shards.has(shard)) wake();
  }
}
