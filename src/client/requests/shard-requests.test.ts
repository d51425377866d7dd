import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShardRequests } from './shard-requests.js';

const shardOf = (client = 'c') => new ShardRequests({ client, last: 0 });

describe('the open requests of a shard', () => {
  test('name the lowest number that is open, in whatever order they end', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat({ max: 9 })), { maxLength: 60 }), (steps) => {
        const shard = shardOf();
        let open: ReturnType<typeof shard.open>[] = [];
        for (const ending of steps) {
          const ended = ending === null ? undefined : open[ending % Math.max(1, open.length)];
          if (ended === undefined) open.push(shard.open());
          else {
            ended.end();
            open = open.filter((one) => one !== ended);
          }
          for (const one of open) expect(one.lowest).toBe(Math.min(...open.map(({ number }) => number)));
        }
      }),
    );
  });

  test('of all shards of a client have different numbers', () => {
    const numbers = { client: 'c', last: 0 };
    const [one, other] = [new ShardRequests(numbers), new ShardRequests(numbers)];
    const requests = [one.open(), other.open(), one.open()];
    expect(requests.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(requests.map(({ lowest }) => lowest)).toEqual([1, 2, 1]);
  });
});

describe('the position of a request', () => {
  test('is the newest that was known before it was first sent, in every attempt', () => {
    const shard = shardOf();
    shard.sawPosition({ history: 'h', seq: 5 });
    const first = shard.open();
    shard.sawVersion(9);
    shard.sawVersion(7);
    const second = shard.open();
    first.isFirstAttempt = false;
    expect([first, second]).toMatchObject([
      { history: 'h', seq: 5 },
      { history: 'h', seq: 9 },
    ]);
  });

  test('is of the history that a node has named last, and never goes back within one', () => {
    const shard = shardOf();
    shard.sawPosition({ history: 'h', seq: 5 });
    shard.sawPosition({ history: 'h', seq: 3 });
    expect(shard.open()).toMatchObject({ history: 'h', seq: 5 });
    shard.sawPosition({ history: 'i', seq: 2 });
    expect(shard.open()).toMatchObject({ history: 'i', seq: 2 });
  });

  test('that the primary refuses is replaced by the one that it names, even by a lower one', () => {
    const shard = shardOf();
    shard.sawPosition({ history: 'h', seq: 50 });
    const [refused, other] = [shard.open(), shard.open()];
    refused.renew({ history: 'h', seq: 20 });
    expect(refused).toMatchObject({ number: 3, history: 'h', seq: 20, isFirstAttempt: true });
    expect(other.lowest).toBe(2);
    expect(shard.open()).toMatchObject({ seq: 20 });
  });

  test('that no node has named lets nothing be recognised', () => {
    const shard = shardOf();
    shard.sawVersion(7);
    const request = shard.open();
    expect(request.isRecognisable).toBe(false);
    request.renew({ history: 'h', seq: 7 });
    expect(request.isRecognisable).toBe(true);
  });
});
