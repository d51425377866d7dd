/**
 * Generates the sequence of operations of a thread. It depends only on the seed and the thread. Which place in
 * flight executes which operation depends on timing.
 */

import { mulberry32 } from '../verification/random.js';
import { type KeyRange, ownKeys, type WorkloadOptions } from './options.js';
import type { Kind } from './recorder.js';
import { zipf, zipfExponent } from './zipf.js';

/**
 * Call `nextKind` and then `nextKeyIndex` for each operation. Two calls allocate nothing, unlike an object per
 * operation.
 */
export interface Generator {
  nextKind(): Kind;
  nextKeyIndex(): number;
}

/** The distance between the seeds of two threads. Any odd number would do. */
const seedStride = 0x9e3779b1;

export function createGenerator(workload: WorkloadOptions, thread: number): Generator {
  const random = mulberry32(workload.seed + thread * seedStride);
  // Verification needs keys that only this thread writes.
  const keys: KeyRange = workload.verify ? ownKeys(workload, thread) : { from: 0, to: workload.keyspace };
  const { readRatio, distribution } = workload;
  const { from } = keys;
  const count = keys.to - from;
  const draw = distribution === 'zipf' ? zipf(count, zipfExponent, random) : () => Math.floor(random() * count);
  return {
    nextKind: () => (random() < readRatio ? 'read' : 'write'),
    nextKeyIndex: () => from + draw(),
  };
}
