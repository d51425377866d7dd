import { describe, expect, test } from 'vitest';
import { signOf } from './signs.js';

const level = 30;
const nodeCount = 3;

describe('signs in the log of a node under full load', () => {
  test.each([
    { msg: 'role changed', level, role: 'primary', epoch: 2 },
    { msg: 'in-sync set changed', level, inSync: ['a~1', 'b~1'] },
    { msg: 'paused: neither all in-sync replicas nor ZooKeeper can be reached', level },
  ])('a change of role or members, or a pause, is an incident: $msg', (record) => {
    expect(signOf(record, nodeCount)).toMatchObject({ weight: 'incident' });
  });

  test.each([
    [{ msg: 'no beacon of the primary: claiming the shard', level, silentMs: 655 }, 'received no beacon for 655 ms'],
    [{ msg: 'the process stalled: after a stall longer than a lease', level, forMs: 300 }, 'stalled for 300 ms'],
    [
      { msg: 'change of the in-sync set proposed', level, added: [], removed: [{ id: 'b~1', reason: 'silent' }] },
      'proposes to take out b~1 (silent)',
    ],
    [{ msg: 'ZooKeeper session', level, connected: false }, 'lost ZooKeeper'],
  ])('a possible cause of an incident is a hint with its reason: %o', (record, what) => {
    expect(signOf(record, nodeCount)).toEqual({ weight: 'hint', what });
  });

  test.each([
    { msg: 'listening', level },
    { msg: 'in-sync set changed', level, inSync: ['a~1', 'b~1', 'c~1'] },
    { msg: 'ZooKeeper session', level, connected: true },
  ])('other lines are no sign', (record) => {
    expect(signOf(record, nodeCount)).toBeUndefined();
  });
});
