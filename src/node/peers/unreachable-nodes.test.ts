import { beforeEach, describe, expect, test } from 'vitest';
import { UnreachableNodes } from './unreachable-nodes.js';

const address = '[::1]:9091';
const self = { nodeId: 'self', address: '[::1]:9090' };
const peer = { nodeId: 'peer', address };
const patienceMs = 9_000;

let nowMs: number;
let lines: (readonly [level: string, fields: Record<string, unknown>, text: string])[];
let unreachable: UnreachableNodes;

beforeEach(() => {
  nowMs = 0;
  lines = [];
  const at = (level: string) => (fields: unknown, text?: unknown) =>
    void lines.push([level, fields as Record<string, unknown>, String(text)]);
  const logger = { warn: at('warn'), info: at('info') };
  unreachable = new UnreachableNodes({ nodeId: 'self', patienceMs, logger, nowMs: () => nowMs });
});

/** Attempts fail all the time. */
function failFor(durationMs: number, reason = 'ECONNREFUSED'): void {
  for (const endMs = nowMs + durationMs; nowMs < endMs; nowMs += 1_000) {
    unreachable.wentDown(address, reason);
    unreachable.judge();
  }
  unreachable.judge();
}

describe('a registered node that cannot be reached', () => {
  test('is logged once, with the last reason, and once more when it is reached', () => {
    unreachable.onNodes([self, peer]);
    failFor(4_000, 'connect ECONNREFUSED');
    failFor(5_000, 'no answer in time');
    expect(lines).toEqual([
      [
        'warn',
        { peer: 'peer', address, forMs: patienceMs, reason: 'no answer in time' },
        expect.stringContaining('cannot be reached from here at the address that it advertises'),
      ],
    ]);
    failFor(60_000);
    expect(lines).toHaveLength(1);
    unreachable.wentUp(address);
    expect(lines[1]).toEqual(['info', { peer: 'peer', address, afterMs: 69_000 }, expect.stringContaining('is reached again')]);
    failFor(patienceMs);
    expect(lines.map(([level]) => level)).toEqual(['warn', 'info', 'warn']);
  });

  test('is not logged while it may just have died: its session lasts a while', () => {
    unreachable.onNodes([self, peer]);
    failFor(patienceMs - 1_000);
    unreachable.onNodes([self]);
    failFor(60_000);
    expect(lines).toEqual([]);
  });

  test('that registers anew gets the same time again', () => {
    unreachable.onNodes([self, peer]);
    failFor(patienceMs - 1_000);
    unreachable.onNodes([self]);
    unreachable.onNodes([self, peer]);
    failFor(patienceMs - 1_000);
    expect(lines).toEqual([]);
    failFor(1_000);
    expect(lines).toHaveLength(1);
  });

  test('is not logged while this node has no session, and does not know which nodes are registered', () => {
    unreachable.onNodes([self, peer]);
    failFor(5_000);
    unreachable.onSession(false);
    failFor(60_000);
    unreachable.onSession(true);
    failFor(patienceMs - 1_000);
    expect(lines).toEqual([]);
    failFor(1_000);
    expect(lines).toHaveLength(1);
  });

  test.each([
    ['is no longer registered', () => unreachable.onNodes([self]), 'no longer registered'],
    ['is registered elsewhere', () => unreachable.onNodes([self, { ...peer, address: '[::1]:1' }]), 'no longer registered'],
    [
      'has given its address to another node',
      () => unreachable.onNodes([self, { ...peer, nodeId: 'x' }]),
      'no longer registered',
    ],
    ['is not needed any more', () => unreachable.closed(address), 'shares no shard with this node any more'],
  ])('and then %s - is logged once', (_what, change, text) => {
    unreachable.onNodes([self, peer]);
    failFor(patienceMs);
    change();
    change();
    expect(lines.slice(1)).toEqual([['info', { peer: 'peer', address, afterMs: patienceMs }, expect.stringContaining(text)]]);
  });
});

test('a link that was down for a moment, and this node itself, are not logged', () => {
  unreachable.onNodes([self, peer]);
  for (let round = 0; round < 10; round++) {
    failFor(patienceMs - 1_000);
    unreachable.wentUp(address);
  }
  unreachable.onNodes([{ ...self, address }]);
  failFor(60_000);
  expect(lines).toEqual([]);
});
