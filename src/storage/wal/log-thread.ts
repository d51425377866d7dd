/**
 * A thread that executes the jobs of the log, one after the other. The log has two: one writes batches, the other prepares and
 * removes segments, and flushes at intervals. A third one reads for other replicas, once one of them needs it. So neither the event
 * loop nor the thread pool of Node.js waits for the disk. A batch that the event loop writes itself (batch-writer.ts) is only copied to
 * the memory of the kernel; this waits for the disk only if that memory is full.
 */
import { Worker } from 'node:worker_threads';
import type { LogJob, LogJobResult } from './log-jobs.js';
import type { LogThreadAnswer } from './log-thread-main.js';

export interface LogThread {
  /**
   * Executes the job after those before it. The memory of a batch moves to the thread, and back with the result. Rejects if the job
   * fails, with the code of the file system's error, or if the thread ends.
   */
  run(job: LogJob): Promise<LogJobResult>;
  /** When the oldest job that is not done was given, on the monotonic clock. Undefined: all are done. */
  readonly oldestJobMs: number | undefined;
  /** Ends the thread. A job that is under way ends first, so this never resolves while the disk hangs. */
  end(): Promise<void>;
}

interface WaitingJob {
  readonly sinceMs: number;
  resolve(result: LogJobResult): void;
  reject(error: Error): void;
}

/** @param script the module `log-thread-main` */
export function startLogThread(script = new URL('./log-thread-main.js', import.meta.url)): LogThread {
  // Files are opened in one thread, and used and closed in another.
  const worker = new Worker(script, { name: 'log', trackUnmanagedFds: false });
  const waiting: WaitingJob[] = [];
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    for (const job of waiting.splice(0)) job.reject(failure);
  };
  worker.on('message', (answer: LogThreadAnswer) => {
    const job = waiting.shift()!;
    if ('failure' in answer) job.reject(Object.assign(new Error(answer.failure.message), { code: answer.failure.code }));
    else job.resolve(answer);
  });
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', (code) =>
    fail(new Error(`a thread of the log has ended (exit code ${code}): nothing can be written any more`)),
  );
  return {
    run: (job) => {
      if (failure !== undefined) return Promise.reject(failure);
      worker.postMessage(job, job.kind === 'write' ? [job.memory] : []);
      return new Promise((resolve, reject) => waiting.push({ sinceMs: performance.now(), resolve, reject }));
    },
    get oldestJobMs() {
      return waiting[0]?.sinceMs;
    },
    end: async () => void (await worker.terminate()),
  };
}
