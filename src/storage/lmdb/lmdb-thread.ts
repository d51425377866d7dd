/**
 * A thread that executes jobs on the environment, one after the other. The database has one that writes: neither the event loop nor
 * the thread pool of Node.js ever waits for a transaction or its flush. Another one reads, once reads may have to wait for the disk.
 */
import { Worker } from 'node:worker_threads';
import type { FailureReport } from './lmdb-error.js';
import type { LmdbAnswer, LmdbJob, LmdbJobs } from './lmdb-jobs.js';

/** The part of a worker that is used. */
export interface LmdbWorker {
  postMessage(job: LmdbJob, transfer?: ArrayBuffer[]): void;
  on(event: 'message', listener: (answer: LmdbAnswer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): Promise<unknown>;
}

interface WaitingJob {
  resolve(result: never): void;
  reject(failure: FailureReport): void;
}

export class LmdbThread {
  readonly #worker: LmdbWorker;
  readonly #waiting: WaitingJob[] = [];
  #end: FailureReport | undefined;

  constructor(worker: LmdbWorker) {
    this.#worker = worker;
    worker.on('message', (answer: LmdbAnswer) => {
      const job = this.#waiting.shift()!;
      if ('failure' in answer) job.reject(answer.failure);
      else job.resolve(answer.result as never);
    });
    worker.on('error', (error: Error) => this.#ended(`a thread of the database failed: ${error.message}`));
    worker.on('exit', (code: number) => this.#ended(`a thread of the database has ended (exit code ${code})`));
  }

  /** Executes the job after those before it. Memory that is transferred moves to the thread. Rejects with a `FailureReport`. */
  run<Kind extends keyof LmdbJobs>(
    kind: Kind,
    job: LmdbJobs[Kind]['job'],
    transfer: ArrayBuffer[] = [],
  ): Promise<LmdbJobs[Kind]['result']> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    this.#worker.postMessage({ kind, ...job } as LmdbJob, transfer);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Closes the environment in the thread, after the jobs before, and ends the thread. */
  async end(): Promise<void> {
    // A thread that has ended has nothing open.
    await this.run('close', {}).catch(() => {});
    await this.#worker.terminate();
  }

  #ended(message: string): void {
    this.#end ??= { message, code: undefined };
    for (const job of this.#waiting.splice(0)) job.reject(this.#end);
  }
}

/** @param script the module `lmdb-thread-main` */
export function startLmdbWorker(script = new URL('./lmdb-thread-main.js', import.meta.url)): LmdbWorker {
  return new Worker(script, { name: 'lmdb' });
}
