import { describe, expect, test } from 'vitest';
import { planForce } from './force-plan.js';
import { type ReplicaSight, shardOf, viewOf } from './force-view.fixture.js';

const held = 'h@5:e5';
const lost = [held, 'a', 'b'] as const;

/** The plan of shard 0. */
function planned(inSync: readonly string[], nodes: Readonly<Record<string, ReplicaSight | undefined>>, ...ids: string[]) {
  const replicas = Object.entries(nodes).map(([id, sight]) => [id, sight === undefined ? undefined : [sight]]);
  const { plans, problems } = planForce(viewOf([shardOf(0, inSync)], Object.fromEntries(replicas)), [0], ids);
  const [plan] = plans;
  const [problem] = problems;
  return {
    chosen: plan?.chosen.node.id,
    cause: plan?.cause,
    kept: plan?.history?.id,
    givesUp: plan?.givesUp,
    extent: plan?.loss.extent,
    text: plan?.loss.text,
    problem: problem?.error.message,
    code: problem?.error.code,
  };
}

describe('kvctl shard force-primary - ZooKeeper lost its data', () => {
  test('every replica that was in sync last is live with its data - nothing is lost, even if another copy is longer', () => {
    const plan = planned([], {
      a: { held, lost, lastSeq: 20 },
      b: { held, lost, lastSeq: 21 },
      c: { held: 'h@4:e4', lastSeq: 3 },
    });
    expect(plan).toMatchObject({ chosen: 'b', cause: 'state-lost', extent: 'nothing', kept: 'h', givesUp: ['e4'] });
  });

  test('one that was in sync is gone - the text names it, and the writes that it may have accepted alone', () => {
    const plan = planned([], { a: { held, lost } });
    expect(plan).toMatchObject({ chosen: 'a', extent: 'possible' });
    expect(plan.text).toBe('Nothing is lost unless b, in sync last and now gone, accepted writes without a.');
  });

  test('one that was in sync is back and empty - it does not count as a copy', () => {
    const plan = planned([], { a: { held, lost }, b: { replicaId: 'b~2' } });
    expect(plan.text).toContain('unless b (restarted since), in sync last and now gone, accepted writes');
  });

  test('one that was in sync does not answer - it does not count as a copy', () => {
    expect(planned([], { a: { held, lost }, b: undefined })).toMatchObject({ extent: 'possible' });
  });

  test('an epoch later than every known in-sync set - nothing is promised', () => {
    expect(planned([], { a: { held, lost, epoch: 6 }, b: { held, lost } })).toMatchObject({ extent: 'possible' });
  });

  test('members know different sets of one epoch - every member of every set must be live', () => {
    const plan = planned([], { a: { held, lost: [held, 'a', 'b', 'c'] }, b: { held, lost } });
    expect(plan).toMatchObject({ extent: 'possible' });
    expect(plan.text).toContain('unless c, in sync last and now gone,');
  });

  test('the last in-sync set is not known - every write beyond the copy may be lost', () => {
    expect(planned([], { a: { held } }).text).toContain('Which replicas were in sync last is not known');
  });

  test('only a replica outside the set is left - writes that it does not hold are lost', () => {
    const plan = planned([], { c: { held, lost } });
    expect(plan).toMatchObject({ extent: 'possible' });
    expect(plan.text).toContain('Nodes that were in sync last and are gone: a, b.');
  });

  test('no copy is left - an empty replica begins, and everything is lost', () => {
    const plan = planned([], { a: {}, b: { complete: false, lastSeq: 900 } });
    expect(plan).toMatchObject({ chosen: 'a', cause: 'state-lost', extent: 'everything', kept: undefined, givesUp: [] });
    expect(plan.text).toContain('Everything in the shard is lost');
  });

  test('a copy of a shard without keys counts as a copy - nothing is lost', () => {
    const empty = { held, lost: [held, 'a'] as const, keys: 0, lastSeq: 0 };
    expect(planned([], { a: empty, b: {} })).toMatchObject({ chosen: 'a', extent: 'nothing' });
  });
});

describe('kvctl shard force-primary - ZooKeeper shows an older state', () => {
  test('all members of the newer epoch are live - nothing is lost, although a member of the older set is gone', () => {
    const plan = planned(['!a', 'b'], { b: { held: 'h@6:e6', lost: ['h@6:e6', 'b'] } });
    expect(plan).toMatchObject({ chosen: 'b', cause: 'state-went-back', extent: 'nothing' });
  });

  test('a primary of the older epoch is of another line - the operator chooses', () => {
    const nodes = { a: { held, role: 'primary', serving: true }, b: { held: 'h@6:e6' } };
    const refused = planned(['a', 'b'], nodes);
    expect(refused).toMatchObject({ chosen: undefined, code: 'NOT_FORCED' });
    for (const words of ['--history ID', 'h:e5 at epoch 5', 'h:e6 at epoch 6']) expect(refused.problem).toContain(words);
    expect(planned(['a', 'b'], nodes, 'h:e5')).toMatchObject({ chosen: 'a', givesUp: ['e6'] });
    expect(planned(['a', 'b'], nodes, 'e6')).toMatchObject({ chosen: 'b', givesUp: ['e5'] });
  });
});

describe('kvctl shard force-primary - no in-sync replica is live', () => {
  test('the best copy is chosen, and the writes that it lacks are lost with the named nodes', () => {
    const plan = planned(['!a', '!b'], { b: { replicaId: 'b~2' }, c: { held: 'h@4:e4' } });
    expect(plan).toMatchObject({ chosen: 'c', cause: 'replicas-gone', extent: 'possible' });
    expect(plan.text).toBe(
      'Every acknowledged write that the chosen copy does not hold is lost. ' +
        'Nodes that were in sync last and are gone: a, b (restarted since).',
    );
  });

  test('no copy at all - everything is lost with the named nodes', () => {
    const plan = planned(['!a'], { b: {} });
    expect(plan).toMatchObject({ chosen: 'b', extent: 'everything' });
    expect(plan.text).toContain('gone: a.');
  });

  test('no live node holds a replica - there is nothing to force', () => {
    expect(planned(['!a'], {})).toMatchObject({ chosen: undefined, code: 'SHARD_OFFLINE' });
  });
});

describe('kvctl shard force-primary - two histories', () => {
  const newcomer = { held: 'new@1:n1', role: 'primary', serving: true, epoch: 1, offline: false, keys: 1, lastSeq: 1 };
  const holder = { held, found: 'new@1:n1' };
  const nodes = { a: holder, b: { held: 'h@4:e4', found: 'new@1:n1' }, c: newcomer };

  test('none is chosen - all are listed, with holders, epochs, positions and keys', () => {
    const { problem, chosen } = planned(['c'], nodes);
    expect(chosen).toBeUndefined();
    expect(problem).toContain(
      'h at epoch 5: held by a (up to seq 20 of epoch 5, 7 keys), b (up to seq 20 of epoch 4, 7 keys)\n' +
        '  new at epoch 1: held by c (primary, up to seq 1 of epoch 1, 1 keys)',
    );
  });

  test('the served one is chosen - its primary stays, and gives up the other', () => {
    const plan = planned(['c'], nodes, 'new');
    expect(plan).toMatchObject({ chosen: 'c', kept: 'new', givesUp: ['h'], extent: 'possible', cause: 'two-histories' });
    expect(plan.text).toContain('All writes in history h at epoch 5');
  });

  test('the other one is chosen by a prefix of its id - its best copy becomes primary, and the served one is given up', () => {
    expect(planned(['c'], nodes, 'n')).toMatchObject({ chosen: 'c' });
    expect(planned(['c'], { ...nodes, c: newcomer }, 'h')).toMatchObject({
      chosen: 'a',
      givesUp: ['new', 'e4'],
      extent: 'possible',
    });
  });

  test('a history that only ZooKeeper names - cannot be kept, and can be given up', () => {
    expect(planned(['!c'], { a: holder }, 'new').problem).toContain('no node that answered holds data of history new');
    expect(planned(['!c'], { a: holder }, 'h')).toMatchObject({ chosen: 'a', givesUp: ['new'] });
  });

  test('an unknown id, an ambiguous id, or two ids of one shard - are refused', () => {
    expect(() => planned(['c'], nodes, 'other')).toThrow(
      /"other" is not a history of these shards; their histories:\n {2}shard 0: h at/,
    );
    const split = { a: { held: 'h@5:x5' }, b: { held: 'h@5:y5' } };
    expect(planned([], split, 'h').problem).toContain('--history names more than one of them');
    expect(planned([], split, 'h:y').chosen).toBe('b');
    expect(planned(['c'], nodes, 'h', 'new').problem).toContain('--history names more than one of them');
  });

  test('a whole id takes precedence over a prefix of another id', () => {
    const similar = { a: { held: 'ab@1:x' }, b: { held: 'abc@1:y' } };
    expect(planned([], similar, 'ab')).toMatchObject({ chosen: 'a', givesUp: ['abc'] });
    expect(planned([], similar, 'abc')).toMatchObject({ chosen: 'b', givesUp: ['ab'] });
  });

  test('two lines of one history of which one finds the other in ZooKeeper - are distinguished by their epochs', () => {
    const nodes = { a: { held: 'h@6:x6', found: 'h@7:y7' }, b: { held: 'h@7:y7', role: 'primary', serving: true } };
    expect(planned(['b'], nodes).code).toBe('NOT_FORCED');
    expect(planned(['b'], nodes, 'x6')).toMatchObject({ chosen: 'a', givesUp: ['y7'] });
    expect(planned(['b'], nodes, 'h:y7')).toMatchObject({ chosen: 'b', givesUp: ['x6'] });
  });

  test('two lines that diverge within an epoch - have different ids to give up', () => {
    const nodes = {
      a: { held: 'h@1:x+2', found: 'h@2:y' },
      b: { held: 'h@2:y', role: 'primary', serving: true },
      c: { held: 'h@1:x+1', found: 'h@2:y' },
    };
    expect(planned(['b'], nodes, 'x')).toMatchObject({ chosen: 'a', givesUp: ['y', 'x+1'] });
    expect(planned(['b'], nodes, 'y')).toMatchObject({ chosen: 'b', givesUp: ['x+2', 'x+1'] });
  });

  test('a backup that has not seen a removal yet is of the same line', () => {
    const nodes = { a: { held: 'h@1:x+1', role: 'primary', serving: true }, c: { held: 'h@1:x' } };
    expect(
      planForce(viewOf([shardOf(0, ['a'], { offline: false, serving: true })], { a: [nodes.a], c: [nodes.c] }), 'all'),
    ).toEqual({
      plans: [],
      problems: [],
    });
  });
});

describe('kvctl shard force-primary --all', () => {
  const served = shardOf(2, ['a'], { offline: false, serving: true });

  test('plans every shard that needs it and no other; a chosen history counts for its own shard only', () => {
    const shards = [shardOf(0), shardOf(1, ['!b']), served, shardOf(3)];
    const divided = { shard: 3, held: 'x3@1:a', found: 'y3@1:b' };
    const view = viewOf(shards, { a: [{ held, lost: [held, 'a'] }, { shard: 1 }, { shard: 2, held: 'k@1:z' }, divided] });
    const { plans, problems } = planForce(view, 'all');
    expect(plans.map(({ shard, loss }) => [shard, loss.extent])).toEqual([
      [0, 'nothing'],
      [1, 'everything'],
    ]);
    expect(problems).toMatchObject([{ shard: 3, error: { code: 'NOT_FORCED' } }]);
    const chosen = planForce(view, 'all', ['x3']);
    expect(chosen.plans.map(({ shard }) => shard)).toEqual([0, 1, 3]);
    expect(chosen.problems).toEqual([]);
  });

  test('a failover that a slow answer shows half done does not look like a second history', () => {
    const nodes = {
      a: [{ shard: 2, held: 'h@1:a', role: 'primary' }],
      b: [{ shard: 2, held: 'h@2:b', role: 'primary', serving: true }],
    };
    expect(planForce(viewOf([served], nodes), 'all')).toEqual({ plans: [], problems: [] });
  });

  test('an unknown shard is refused', () => {
    expect(() => planForce(viewOf([served], {}), [7])).toThrow('there is no shard 7');
  });
});
