/** A thread of the log. It executes one job for each message, and answers each with one message. */
import { parentPort } from 'node:worker_threads';
import { realFiles } from './log-files.js';
import { executeLogJob, type LogJob, type LogJobResult } from './log-jobs.js';

/** An answer of the thread. Errors lose their code on the way between threads, so it is sent beside them. */
export type LogThreadAnswer =
  | LogJobResult
  | { readonly failure: { readonly message: string; readonly code: string | undefined } };

const port = parentPort!;

port.on('message', (job: LogJob) => {
  try {
    const result = executeLogJob(realFiles, job);
    const memory = result.memory ?? result.found?.memory;
    port.postMessage(result, memory === undefined ? [] : [memory]);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    port.postMessage({ failure: { message, code } } satisfies LogThreadAnswer);
  }
});
