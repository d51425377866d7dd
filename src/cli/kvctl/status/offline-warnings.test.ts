import { describe, expect, test } from 'vitest';
import { answerOf, type ReplicaSight, shardOf, viewOf } from '../force/force-view.fixture.js';
import { offlineWarnings } from './offline-warnings.js';
import { collectWarnings, renderStatus, toJson } from './status-report.js';

const held = 'h@5:e5';
const many = Array.from({ length: 16 }, (_, shard) => shard);
const replicas = (more: ReplicaSight): ReplicaSight[] => many.map((shard) => ({ shard, ...more }));

describe('kvctl status with offline shards', () => {
  test('ZooKeeper lost its data and every copy is live - one line for all shards, with one command', () => {
    const lost = [held, 'a', 'b'] as const;
    const view = viewOf(
      many.map((shard) => shardOf(shard)),
      { a: replicas({ held, lost }), b: replicas({ held, lost }) },
    );
    expect(offlineWarnings(view)).toEqual([
      'shards 0-15 are offline because ZooKeeper lost its data. Nothing is lost: every replica that was in sync last is live ' +
        'and has its data. Resume them with: kvctl shard force-primary --all',
    ]);
    expect(collectWarnings(view)[0]).toBe(offlineWarnings(view)[0]);
  });

  test('a holder does not answer - the advice is to bring it back before anything is given up', () => {
    const view = viewOf([shardOf(0)], { a: [{ held, lost: [held, 'a', 'b'] }], b: undefined });
    expect(offlineWarnings(view)[0]).toContain('First bring back a process that still runs with the data');
  });

  test('ZooKeeper lost its data, and no copy is left - everything is reported as lost', () => {
    const [warning] = offlineWarnings(viewOf([shardOf(0)], { a: [{}] }));
    expect(warning).toMatch(/^shard 0 is offline because ZooKeeper lost its data\. .*everything in the shard is lost: .* --all$/);
  });

  test('members were restarted and lost their data - no advice to bring them back', () => {
    const restarted = offlineWarnings(viewOf([shardOf(0, ['!a'])], { a: [{}] }));
    expect(restarted[0]).not.toContain('bring back');
    const gone = offlineWarnings(viewOf([shardOf(0, ['!a'])], { b: [{}] }));
    expect(gone[0]).toContain('because no in-sync replica is live');
    expect(gone[0]).toContain('Nodes that were in sync last and are gone: a.');
    expect(gone[0]).toContain('First bring back');
  });

  test('shards in different cases - a line and a command for each case', () => {
    const view = viewOf([shardOf(0), shardOf(1), shardOf(2, ['!c'])], {
      a: [{ held, lost: [held, 'a'] }, { shard: 1, held, lost: [held, 'a'] }, { shard: 2 }],
    });
    const commands = offlineWarnings(view).map((warning) => /kvctl .*$/.exec(warning)?.[0]);
    expect(commands).toEqual(['kvctl shard force-primary 2', 'kvctl shard force-primary 0-1']);
  });

  test('two histories - both are named with their holders, in a bounded number of lines', () => {
    const view = viewOf(
      many.map((shard) => shardOf(shard)),
      { a: replicas({ held }), b: replicas({ held: 'new@1:n1' }) },
    );
    const warnings = offlineWarnings(view);
    expect(warnings).toHaveLength(6);
    expect(warnings[0]).toMatch(
      /^shard 0 has 2 histories; .* 0 --history ID: h at epoch 5: held by a .*; new at epoch 1: held by b /,
    );
    expect(warnings[5]).toBe('11 more shards have more than one history; all are listed by: kvctl shard force-primary --all');
  });
});

describe('kvctl status shows histories', () => {
  const divided = viewOf([shardOf(0, ['b'], { offline: false, serving: true })], {
    a: [{ held, found: 'new@1:n1' }],
    b: [{ held: 'new@1:n1', role: 'primary', epoch: 5, serving: true, offline: false }],
  });

  test('of each replica if a shard has two, which also needs attention although it is served', () => {
    const text = renderStatus(divided);
    expect(text).toMatch(/│ h at epoch 5:e5 +│ new at epoch 1:n1 +│/);
    expect(text).toMatch(/│ new at epoch 1:n1 +│ - +│/);
    expect(toJson(divided)).toMatchObject({
      topology: { shards: [{ settled: false, histories: [{ id: 'h' }, { id: 'new' }] }] },
    });
  });

  test('not in the tables of a served shard with one history, but always in JSON', () => {
    const answers = [answerOf('b', [{ held, role: 'primary', serving: true, offline: false }])];
    const view = { ...divided, answers };
    expect(renderStatus(view)).not.toContain('history');
    expect(toJson(view)).toMatchObject({ topology: { shards: [{ histories: [{ id: 'h', epochIds: ['e5'] }] }] } });
  });
});
