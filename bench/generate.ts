/**
 * Which operation comes next. The sequence of a thread depends on the seed and the thread alone; which of its places in
 * flight executes which part depends on timing.
 */
import { type KeyRange, ownKeys, type WorkloadOptions } from './options.js';
import { mulberry32 } from './random.js';

export interface PlannedOperation {
  readonly kind: 'read' | 'write';
  readonly keyIndex: number;
}

/** Seeds of threads lie far apart; any odd number does. */
const seedStride = 0x9e3779b1;

export function createGenerator(workload: WorkloadOptions, thread: number): () => PlannedOperation {
  const random = mulberry32(workload.seed + thread * seedStride);
  // Only what nobody else writes can be checked.
  const keys: KeyRange = workload.verify ? ownKeys(workload, thread) : { from: 0, to: workload.keyspace };
  return () => ({
    kind: random() < workload.readRatio ? 'read' : 'write',
    keyIndex: keys.from + Math.floor(random() * (keys.to - keys.from)),
  });
}
