/** A worker thread, which runs one batch for each message. */
import { parentPort } from 'node:worker_threads';
import type { Batch } from './batch.js';
import { runBatch } from './run-batch.js';

parentPort?.on('message', (batch: Batch) => parentPort?.postMessage(runBatch(batch)));
