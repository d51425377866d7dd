import { beforeEach, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import type { LocalShard } from '../shards/local-shard.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { ShardVisits } from './shard-slice.js';

/** A shard whose reads may be served, or not, and what it was asked. */
class Shard {
  refusal: KvError | undefined;
  readonly asked: number[] = [];
  flushes = 0;

  refusalOfRead(nowMs: number): KvError | undefined {
    this.asked.push(nowMs);
    return this.refusal;
  }
  flush(): void {
    this.flushes++;
  }
}

const lapsed = new KvError('LEASE_LAPSED', 'a backup has not answered for a lease');

let shards: [Shard, Shard];
let visits: ShardVisits;

beforeEach(() => {
  shards = [new Shard(), new Shard()];
  visits = new ShardVisits({ local: local } as unknown as ShardDirectory);
});

function local(shard: number): LocalShard | undefined {
  return shards[shard] as unknown as LocalShard | undefined;
}

function refusals(): (KvError | undefined)[] {
  return [0, 1].map((shard) => visits.refusalOfRead(shard, local(shard)!));
}

test('a shard is asked once a slice, with the time of the slice, and again in the next', () => {
  visits.begin(10);
  expect([refusals(), refusals()].flat()).toEqual([undefined, undefined, undefined, undefined]);
  shards[0].refusal = lapsed;
  visits.begin(20);
  expect([refusals(), refusals()].flat()).toEqual([lapsed, undefined, lapsed, undefined]);
  shards[0].refusal = undefined;
  shards[1].refusal = lapsed;
  visits.begin(30);
  expect(refusals()).toEqual([undefined, lapsed]);
  expect(shards.map(({ asked }) => asked)).toEqual([
    [10, 20, 30],
    [10, 20, 30],
  ]);
});

test('what was written in a slice is flushed once, and nothing else is', () => {
  visits.begin(10);
  visits.wrote(0, local(0)!);
  visits.wrote(0, local(0)!);
  visits.flush();
  visits.begin(20);
  visits.flush();
  visits.wrote(0, local(0)!);
  visits.wrote(1, local(1)!);
  visits.flush();
  expect(shards.map(({ flushes }) => flushes)).toEqual([2, 1]);
});

test('a shard of which this node holds no copy is another node’s', () => {
  expect(() => visits.local(2)).toThrow(expect.objectContaining({ code: 'NOT_PRIMARY', executed: 'no' }));
});
