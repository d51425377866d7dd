import { beforeEach, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import type { LocalShard } from '../shards/local-shard.js';
import { ShardSlice } from './shard-slice.js';

/** A shard that records when it was asked whether reads may be served. */
class Shard {
  refusal: KvError | undefined;
  readonly asked: number[] = [];

  refusalOfRead(nowMs: number): KvError | undefined {
    this.asked.push(nowMs);
    return this.refusal;
  }
}

const lapsed = new KvError('LEASE_LAPSED', 'a backup has not answered for a lease');

let shards: [Shard, Shard];
let slice: ShardSlice;

beforeEach(() => {
  shards = [new Shard(), new Shard()];
  slice = new ShardSlice();
});

function local(shard: number): LocalShard | undefined {
  return shards[shard] as unknown as LocalShard | undefined;
}

function refusals(): (KvError | undefined)[] {
  return [0, 1].map((shard) => slice.refusalOfRead(shard, local(shard)!));
}

test('a shard is asked once a slice, with the time of the slice, and again in the next', () => {
  slice.begin(10);
  expect([refusals(), refusals()].flat()).toEqual([undefined, undefined, undefined, undefined]);
  shards[0].refusal = lapsed;
  slice.begin(20);
  expect([refusals(), refusals()].flat()).toEqual([lapsed, undefined, lapsed, undefined]);
  shards[0].refusal = undefined;
  shards[1].refusal = lapsed;
  slice.begin(30);
  expect(refusals()).toEqual([undefined, lapsed]);
  expect(shards.map(({ asked }) => asked)).toEqual([
    [10, 20, 30],
    [10, 20, 30],
  ]);
});
