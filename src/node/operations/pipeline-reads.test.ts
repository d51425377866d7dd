import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Scenario } from '../../replication/testing/scenario.fixture.js';
import { clockOf } from '../shards/served-shard.fixture.js';
import { FakeStream, get, pipelineServerOf, put } from './pipeline.fixture.js';

const leaseMs = 1_000;
/** As many operations as a session does in one turn, and a few more. */
const moreThanASlice = 300;

let c: Scenario;
let stream: FakeStream;

/** `a` is the primary of three, has stored `old` under `k`, and has answered the stream with it, behind the put and at once. */
beforeEach(async () => {
  c = Scenario.of('a b c');
  clockOf(c);
  stream = new FakeStream(pipelineServerOf(c, 'a'));
  stream.send(put('k', 'old'), get('k'));
  c.deliverAll();
  await stream.answers();
  stream.send(get('k'));
  expect(await stream.answers()).toEqual(['put 1', 'old 1', 'old 1']);
});

afterEach(() => vi.restoreAllMocks());

/** `a` stands still until another has taken over and acknowledged another value; then it runs again, and knows nothing of it. */
function replaceWhileFrozen(): void {
  c.pause('a');
  c.until(() => c.primary === 'b', 'no failover');
  c.put('b', 'k', 'new');
  c.deliverAll();
  expect(c.get('b', 'k')).toMatchObject({ value: 'new' });
  c.resume('a');
}

describe('reads of a pipeline are served under a lease alone (R9)', () => {
  test('a primary that was frozen and replaced refuses them, though the stream has read from it before', async () => {
    replaceWhileFrozen();
    stream.send(get('k'), get('k'));
    expect((await stream.answers()).slice(3)).toEqual(['LEASE_LAPSED', 'LEASE_LAPSED']);
    c.advance(leaseMs);
    stream.send(get('k'));
    expect((await stream.answers()).at(-1)).toBe('NO_PRIMARY');
  });

  test('and serves them again when it has won the shard back', async () => {
    replaceWhileFrozen();
    stream.send(get('k'));
    await stream.answers();
    c.stabilize();
    c.kill('b', 'c');
    c.until(() => c.primary === 'a', 'no failover');
    stream.send(get('k'));
    expect((await stream.answers()).slice(3)).toEqual(['LEASE_LAPSED', 'new 2']);
  });

  test('a get behind a put is refused likewise: the put is not known to have been executed', async () => {
    c.hold('a', 'b');
    c.hold('a', 'c');
    stream.send(put('k', 'lost'), get('k'));
    replaceWhileFrozen();
    c.heal();
    c.advance(leaseMs);
    expect((await stream.answers()).slice(3)).toEqual(['OUTCOME_UNKNOWN?', 'NO_PRIMARY']);
  });

  test('and so is one whose put turns out to have committed, by acknowledgements that had waited meanwhile', async () => {
    c.hold('b', 'a');
    c.hold('c', 'a');
    stream.send(put('k', 'kept'), get('k'));
    await stream.answers();
    c.deliverAll();
    replaceWhileFrozen();
    c.heal();
    c.deliverAll();
    expect((await stream.answers()).slice(3)).toEqual(['put 2', 'LEASE_LAPSED']);
  });

  test('what is left of a long message is judged anew in each turn', async () => {
    stream.send(...Array.from({ length: moreThanASlice }, () => get('k')));
    replaceWhileFrozen();
    await stream.answers();
    const rest = (await stream.answers()).slice(3);
    const served = rest.filter((answer) => answer === 'old 1').length;
    expect(served).toBeGreaterThan(0);
    expect(rest.slice(served)).toEqual(Array.from({ length: moreThanASlice - served }, () => 'LEASE_LAPSED'));
    expect(served).toBeLessThan(moreThanASlice);
  });

  test('what waited for its client to take results is judged when it is read, not when it came', async () => {
    stream.reads = false;
    stream.send(get('k'));
    expect((await stream.answers()).slice(3)).toEqual(['old 1']);
    stream.send(get('k'));
    expect((await stream.answers()).slice(4)).toEqual([undefined]);
    replaceWhileFrozen();
    stream.takeResults();
    expect((await stream.answers()).slice(4)).toEqual(['LEASE_LAPSED']);
  });
});
