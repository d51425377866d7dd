import { describe, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { limitsOf } from '../call-limits.js';
import { Backlog } from './in-flight-limit.js';
import { RetryLimiter, type RetryPermit } from './retry-limiter.js';

const patient = limitsOf({}, 60_000);

const limiterOf = (maxTrying: number, maxQueued: number, backlog = new Backlog()) =>
  new RetryLimiter({ maxTrying: () => maxTrying, maxQueued, backlog });

/** Who has got a turn, in order. */
function take(
  turns: RetryLimiter,
  shard: number,
  names: readonly string[],
): { readonly got: string[]; readonly turns: RetryPermit[] } {
  const taken = { got: [] as string[], turns: [] as RetryPermit[] };
  for (const name of names)
    void turns.take(shard, patient).then((turn) => {
      taken.got.push(name);
      taken.turns.push(turn);
    });
  return taken;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('turns of the operations that try again', () => {
  test('only a limited number of operations on a shard try at once; when one gives up, the next begins', async () => {
    const turns = limiterOf(2, 10);
    const { got, turns: held } = take(turns, 7, ['a', 'b', 'c', 'd']);
    await settled();
    expect(got).toEqual(['a', 'b']);
    held[0]!.end(false);
    await settled();
    expect(got).toEqual(['a', 'b', 'c']);
  });

  test('after one operation was served, all others try at once', async () => {
    const turns = limiterOf(1, 10);
    const { got, turns: held } = take(turns, 7, ['a', 'b', 'c', 'd']);
    await settled();
    expect(turns.isTaken(7)).toBe(true);
    held[0]!.end(true);
    await settled();
    expect(got).toEqual(['a', 'b', 'c', 'd']);
    expect(turns.isTaken(7)).toBe(false);
    for (const turn of held.slice(1)) turn.end(false);
    expect(turns.isTaken(7)).toBe(false);
  });

  test('shards share the room in the queue, but not their turns', async () => {
    const backlog = new Backlog();
    const turns = limiterOf(1, 2, backlog);
    take(turns, 1, ['a', 'b', 'c']);
    const other = take(turns, 2, ['x']);
    await settled();
    expect(other.got).toEqual(['x']);
    expect(backlog.queued).toBe(2);
    await expect(turns.take(2, patient)).rejects.toMatchObject({ code: 'OVERLOADED', executed: 'no' });
    other.turns[0]!.end(true);
    expect(turns.isTaken(1)).toBe(true);
  });

  test('refuseAll - ends every wait, and refuses later ones', async () => {
    const turns = limiterOf(1, 10);
    take(turns, 1, ['a']);
    const waiting = turns.take(1, patient);
    await settled();
    turns.refuseAll(new KvError('CLOSED', 'closed'));
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(turns.take(2, patient)).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
