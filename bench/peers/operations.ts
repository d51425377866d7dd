/** Which operation comes next, in which key, and what is written: the same for every store. */
import { keyName } from '../options.js';
import { mulberry32 } from '../random.js';
import { encodeValue } from '../values.js';
import { zipf, zipfExponent } from '../zipf.js';
import { mixes, type Scenario } from './scenarios.js';
import type { StoreClient } from './stores/store.js';

/** Enough that no store sees one value all the time; made beforehand, so that making them is not measured. */
const valueCount = 1_024;
const run = '00000000';

/** The most frequent keys of the Zipf distribution are those with the lowest index. */
function createKeyChoice({ mix, keyspace }: Scenario, random: () => number): () => number {
  const { keys } = mixes[mix];
  if (keys === 'one') return () => 0;
  if (keys === 'uniform') return () => Math.floor(random() * keyspace);
  return zipf(keyspace, zipfExponent, random);
}

/** Starts the next operation each time it is called. */
export type StartNext = () => Promise<unknown>;

export function createOperations(client: StoreClient, scenario: Scenario, seed: number): StartNext {
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

/** Every key was written before, so a missing one is a failure and no fast read. */
async function read(client: StoreClient, key: string): Promise<void> {
  if ((await client.get(key)) === undefined) throw new Error(`${key} is missing`);
}
