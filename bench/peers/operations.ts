/** Generates the operations, their keys and values, in the same way for every store. */

import { mulberry32 } from '../../verification/random.js';
import { keyName } from '../options.js';
import { encodeValue } from '../values.js';
import { zipf, zipfExponent } from '../zipf.js';
import { type BenchScenario, mixes } from './scenarios.js';
import type { StoreClient } from './stores/store.js';

/** The number of different values. They are made beforehand, so that their creation is not measured. */
const valueCount = 1_024;
const run = '00000000';

/** The most frequent keys of the Zipf distribution are those with the lowest index. */
function createKeyChoice({ mix, keyspace }: BenchScenario, random: () => number): () => number {
  const { keys } = mixes[mix];
  if (keys === 'one') return () => 0;
  if (keys === 'uniform') return () => Math.floor(random() * keyspace);
  return zipf(keyspace, zipfExponent, random);
}

/** Each call starts the next operation. */
export type StartNext = () => Promise<unknown>;

export function createOperations(client: StoreClient, scenario: BenchScenario, seed: number): StartNext {
  const random = mulberry32(seed);
  const nextKey = createKeyChoice(scenario, random);
  const { readRatio } = mixes[scenario.mix];
  const nextValue = createValues(scenario.valueBytes);
  return () => {
    const key = keyName(nextKey());
    return random() < readRatio ? read(client, key) : client.put(key, nextValue());
  };
}

export function createValues(valueBytes: number): () => Buffer {
  const values = Array.from({ length: valueCount }, (_, counter) =>
    encodeValue({ run, thread: 0, keyIndex: 0, counter }, valueBytes),
  );
  let next = 0;
  return () => {
    next = (next + 1) % valueCount;
    return values[next]!;
  };
}

/** Every key was written before, so a missing key is a failure, not a fast read. */
async function read(client: StoreClient, key: string): Promise<void> {
  if ((await client.get(key)) === undefined) throw new Error(`${key} is missing`);
}
