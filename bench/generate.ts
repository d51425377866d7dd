/**
 * Which operation comes next. The sequence of a thread depends on the seed and the thread alone; which of its places in
 * flight executes which part depends on timing.
 */
import { type KeyRange, ownKeys, type WorkloadOptions } from './options.js';
import { mulberry32 } from './random.js';
import type { Kind } from './recorder.js';
import { zipf, zipfExponent } from './zipf.js';

/** To be asked in turn, first for the kind: two calls allocate nothing, an operation as an object would. */
export interface Generator {
  nextKind(): Kind;
  nextKeyIndex(): number;
}

/** Seeds of threads lie far apart; any odd number does. */
const seedStride = 0x9e3779b1;

export function createGenerator(workload: WorkloadOptions, thread: number): Generator {
  const random = mulberry32(workload.seed + thread * seedStride);
  // Only what nobody else writes can be checked.
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
