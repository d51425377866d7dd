/** Runs many seeds on several threads. */
import { Worker } from 'node:worker_threads';
import { type Batch, type BatchResult, nothing, sum } from './batch.js';

export interface Campaign {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly steps: number;
  readonly placing: boolean;
  readonly threads: number;
  /** After this number of failures no further batch begins. */
  readonly mostFailures: number;
  onProgress(total: BatchResult): void;
}

/** Small enough for progress to be seen, large enough for messages not to matter. */
const batchSeeds = 50;

export async function runCampaign({
  firstSeed,
  seeds,
  steps,
  placing,
  threads,
  mostFailures,
  onProgress,
}: Campaign): Promise<BatchResult> {
  let total = nothing;
  let nextSeed = firstSeed;
  const nextBatch = (): Batch | undefined => {
    const left = firstSeed + seeds - nextSeed;
    if (left <= 0 || total.failures.length >= mostFailures) return undefined;
    const batch = { firstSeed: nextSeed, count: Math.min(batchSeeds, left), steps, placing };
    nextSeed += batch.count;
    return batch;
  };
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    try {
      for (let batch = nextBatch(); batch !== undefined; batch = nextBatch()) {
        const result = await ask(worker, batch);
        total = sum(total, result);
        onProgress(total);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return total;
}

function ask(worker: Worker, batch: Batch): Promise<BatchResult> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (result: BatchResult) => {
      worker.off('error', reject);
      resolve(result);
    });
    worker.postMessage(batch);
  });
}
