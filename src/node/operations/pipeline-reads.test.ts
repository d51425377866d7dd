import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Scenario } from '../../replication/testing/scenario.fixture.js';
import { clockOf } from '../shards/served-shard.fixture.js';
import { FakeStream, get, pipelineServerOf, put } from './pipeline.fixture.js';

const leaseMs = 1_000;
/** More operations than a session executes in one turn. */
const moreThanASlice = 300;

let c: Scenario;
let stream: FakeStream;

/**
 * `a` is the primary of three. It has stored `old` under `k`, and has answered two gets with it: one behind the put,
 * one at once.
 */
beforeEach(async () => {
  c = Scenario.of('a b c');
  clockOf(c);
  stream = new FakeStream(pipelineServerOf(c, 'a'));
  stream.request(put('k', 'old'), get('k'));
  c.deliverAll();
  await stream.answers();
  stream.request(get('k'));
  expect(await stream.answers()).toEqual(['put 1', 'old 1', 'old 1']);
});

afterEach(() => vi.restoreAllMocks());

/** `a` stalls until `b` has taken over and acknowledged another value. Then `a` runs again without knowing of it. */
function replaceWhileFrozen(): void {
  c.pause('a');
  c.until(() => c.primary === 'b', 'no failover');
  c.put('b', 'k', 'new');
  c.deliverAll();
  expect(c.get('b', 'k')).toMatchObject({ value: 'new' });
  c.resume('a');
}

describe('a pipeline serves reads only under a lease (R9)', () => {
  test('a primary that stalled and was replaced refuses them, although the stream has read from it before', async () => {
    replaceWhileFrozen();
    stream.request(get('k'), get('k'));
    expect((await stream.answers()).slice(3)).toEqual(['LEASE_LAPSED', 'LEASE_LAPSED']);
    c.advance(leaseMs);
    stream.request(get('k'));
    expect((await stream.answers()).at(-1)).toBe('NO_PRIMARY');
  });

  test('it serves them again once it is primary again', async () => {
    replaceWhileFrozen();
    stream.request(get('k'));
    await stream.answers();
    c.stabilize();
    c.kill('b', 'c');
    c.until(() => c.primary === 'a', 'no failover');
    stream.request(get('k'));
    expect((await stream.answers()).slice(3)).toEqual(['LEASE_LAPSED', 'new 2']);
  });

  test('it refuses a get behind a put whose outcome is unknown', async () => {
    c.hold('a', 'b');
    c.hold('a', 'c');
    stream.request(put('k', 'lost'), get('k'));
    replaceWhileFrozen();
    c.heal();
    c.advance(leaseMs);
    expect((await stream.answers()).slice(3)).toEqual(['OUTCOME_UNKNOWN?', 'NO_PRIMARY']);
  });

  test('it refuses a get behind a put that has committed by acknowledgements from before the stall', async () => {
    c.hold('b', 'a');
    c.hold('c', 'a');
    stream.request(put('k', 'kept'), get('k'));
    await stream.answers();
    c.deliverAll();
    replaceWhileFrozen();
    c.heal();
    c.deliverAll();
    expect((await stream.answers()).slice(3)).toEqual(['put 2', 'LEASE_LAPSED']);
  });

  test('the rest of a long message is judged again in each turn', async () => {
    stream.request(...Array.from({ length: moreThanASlice }, () => get('k')));
    replaceWhileFrozen();
    await stream.answers();
    const rest = (await stream.answers()).slice(3);
    const served = rest.filter((answer) => answer === 'old 1').length;
    expect(served).toBeGreaterThan(0);
    expect(rest.slice(served)).toEqual(Array.from({ length: moreThanASlice - served }, () => 'LEASE_LAPSED'));
    expect(served).toBeLessThan(moreThanASlice);
  });

  test('a get that waited until its client read results is judged when it is executed, not when it arrived', async () => {
    stream.reads = false;
    stream.request(get('k'));
    expect((await stream.answers()).slice(3)).toEqual(['old 1']);
    stream.request(get('k'));
    expect((await stream.answers()).slice(4)).toEqual([undefined]);
    replaceWhileFrozen();
    stream.takeResults();
    expect((await stream.answers()).slice(4)).toEqual(['LEASE_LAPSED']);
  });
});
