/** The program of the thread that writes snapshot files, in the thread of the test: a worker needs compiled files. */
import { MessageChannel } from 'node:worker_threads';
import type { SnapshotThread } from './snapshot-files.js';
import { serveSnapshotFiles } from './snapshot-thread.js';

export function snapshotThread(): SnapshotThread {
  const { port1, port2 } = new MessageChannel();
  serveSnapshotFiles(port2);
  return {
    postMessage: (request, transfer = []) => port1.postMessage(request, transfer),
    on: (event: string, listener: (value: never) => void) => port1.on(event, listener as (value: unknown) => void),
    terminate: async () => {
      port1.close();
    },
  };
}
