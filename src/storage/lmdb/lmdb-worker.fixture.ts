/** The program of a thread of the database, in the thread of the test: a worker needs compiled files. */
import { MessageChannel } from 'node:worker_threads';
import { serveLmdb } from './lmdb-jobs.js';
import type { LmdbWorker } from './lmdb-thread.js';

export function lmdbWorker(): LmdbWorker {
  const { port1, port2 } = new MessageChannel();
  serveLmdb(port2);
  return {
    postMessage: (job, transfer = []) => port1.postMessage(job, transfer),
    on: (event: string, listener: (value: never) => void) => port1.on(event, listener as (value: unknown) => void),
    terminate: async () => {
      port1.close();
    },
  };
}
