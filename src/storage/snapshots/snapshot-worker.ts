/** The thread that writes snapshot files. */
import { parentPort } from 'node:worker_threads';
import { serveSnapshotFiles } from './snapshot-thread.js';

if (parentPort !== null) serveSnapshotFiles(parentPort);
