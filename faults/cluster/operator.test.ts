import { expect, test } from 'vitest';
import type { NodeStatus, ReplicaStatus } from '../../src/index.js';
import { dueCommands } from './operator.js';

const heldAt = (epoch: number, epochId: string, history = 'h') => ({ history, epoch, epochId, removals: 0 });
const offline: Partial<ReplicaStatus> = {
  shard: 0,
  role: 'follower',
  serving: false,
  offline: true,
  complete: true,
  lastEpoch: 1,
  lastSeq: 10,
  commitIndex: 10,
  held: heldAt(1, 'e1'),
  found: null,
};

/** The statuses of nodes a, b, c with one replica each. */
function statuses(...replicas: Partial<ReplicaStatus>[]): NodeStatus[] {
  return replicas.map((replica, index) => ({ address: 'abc'[index], replicas: [{ ...offline, ...replica }] }) as NodeStatus);
}

test('operator - a shard that serves, or whose holders do not all report it offline, needs no command', () => {
  expect(dueCommands(statuses({ role: 'primary', serving: true, offline: false }, { offline: false }))).toEqual([]);
  expect(dueCommands(statuses({}, { offline: false }))).toEqual([]);
  expect(dueCommands(statuses({ complete: false, held: null }))).toEqual([]);
});

test('operator - chooses the newest data, then the higher commit index, then the newest epoch', () => {
  expect(dueCommands(statuses({ lastSeq: 99 }, { lastEpoch: 2 }))).toEqual([{ shard: 0, address: 'b', givesUp: [] }]);
  expect(dueCommands(statuses({}, { lastSeq: 11 }))).toMatchObject([{ address: 'b' }]);
  expect(dueCommands(statuses({ commitIndex: 9, held: heldAt(2, 'e2') }, {}))).toMatchObject([{ address: 'b' }]);
  expect(dueCommands(statuses({}, { held: heldAt(2, 'e2') }))).toMatchObject([{ address: 'b' }]);
  expect(dueCommands(statuses({ complete: false, held: null, lastSeq: 99 }, {}))).toMatchObject([{ address: 'b' }]);
});

test('operator - gives up lines that the chosen replica does not hold, by the id of their epoch or of their history', () => {
  const primary = { role: 'primary', serving: true, offline: false, held: heldAt(7, 'e7') };
  const kept = { held: heldAt(5, 'x5'), found: heldAt(7, 'e7') };
  const other = { held: heldAt(1, 'y1', 'other'), found: heldAt(7, 'e7') };
  expect(dueCommands(statuses(primary, kept, other))).toEqual([{ shard: 0, address: 'a', givesUp: ['x5', 'other'] }]);
  expect(dueCommands(statuses({}, { lastSeq: 5, held: heldAt(1, 'y1', 'other') }))).toMatchObject([{ givesUp: ['other'] }]);
});
