/** Runs tasks about shards: those of one shard one after the other, those of different shards at the same time, up to a limit. */

type Task = () => Promise<void>;

export class PerShardQueue {
  readonly #maxRunning: number;
  readonly #onFailed: (error: unknown) => void;
  /** By shard, in the order in which they came; without the tasks that run. */
  readonly #waiting = new Map<number, Task[]>();
  readonly #busy = new Set<number>();

  constructor(maxRunning: number, onFailed: (error: unknown) => void) {
    this.#maxRunning = maxRunning;
    this.#onFailed = onFailed;
  }

  add(shard: number, task: Task): void {
    const tasks = this.#waiting.get(shard);
    if (tasks === undefined) this.#waiting.set(shard, [task]);
    else tasks.push(task);
    this.#start();
  }

  #start(): void {
    for (const [shard, tasks] of this.#waiting) {
      if (this.#busy.size >= this.#maxRunning) return;
      if (this.#busy.has(shard)) continue;
      const task = tasks.shift()!;
      if (tasks.length === 0) this.#waiting.delete(shard);
      void this.#run(shard, task);
    }
  }

  async #run(shard: number, task: Task): Promise<void> {
    this.#busy.add(shard);
    try {
      await task();
    } catch (error) {
      this.#onFailed(error);
    }
    this.#busy.delete(shard);
    this.#start();
  }
}
