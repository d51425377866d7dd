import type { Logger } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LogThrottle } from '../../logging/log-throttle.js';
import type { CoreStatus, Line, Note } from '../../replication/index.js';
import { noDisk } from '../capacity/disk-use.js';
import { describeNode } from '../cluster/node-status.js';
import { ShardLog } from './shard-log.js';

const lineOf = (history: string, epoch: number): Line => ({ history, lineage: [{ epoch, id: `${history}${epoch}` }] });
const stateOf = (history: string, epoch: number, ...inSync: string[]) => ({
  ...lineOf(history, epoch),
  epoch,
  primary: inSync[0],
  inSync,
  seqFloor: 1,
  givenUp: [],
});

interface Case {
  readonly line?: Line;
  readonly foundHistory?: Line;
  readonly state?: CoreStatus['state'];
  readonly lost?: readonly string[];
}

const old = stateOf('h', 3, 'a~1', 'b~1');
const cases: Record<'lostWithCopy' | 'lostWithout' | 'wentBack' | 'gone' | 'twoHistories', Case> = {
  lostWithCopy: { line: lineOf('h', 5) },
  lostWithout: {},
  wentBack: { line: lineOf('h', 5), state: old, lost: old.inSync },
  gone: { line: lineOf('h', 5), state: stateOf('h', 5, 'b~1', 'c~1'), lost: ['b~1', 'c~1'] },
  twoHistories: { line: lineOf('h', 5), foundHistory: lineOf('new', 1), state: stateOf('new', 1, 'd~1'), lost: ['d~1'] },
};

function replicaOf({ line, foundHistory, state }: Case): CoreStatus {
  const positions = { lastSeq: 9, lastEpoch: 5, commitIndex: 9, appliedSeq: 9, logBytes: 0, requests: 0, requestBytes: 0 };
  return {
    replicaId: 'a~1',
    role: 'joiner',
    epoch: line === undefined ? 0 : 5,
    serving: false,
    complete: true,
    offline: true,
    ...positions,
    line,
    foundHistory,
    state,
    peers: [],
  };
}

let written: [Record<string, unknown>, string][];
let throttle: LogThrottle;
let logger: Logger;
beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  const write = (fields: Record<string, unknown>, text: string) => written.push([fields, text]);
  logger = { error: write, warn: write, info: write } as unknown as Logger;
  throttle = new LogThrottle(logger);
});
afterEach(() => {
  throttle.close();
  vi.useRealTimers();
});

function logOf(one: Case, shard = 7, inMemory = true): void {
  const note: Note = { kind: 'offline', lost: one.lost };
  new ShardLog(shard, inMemory, logger, throttle).note(note, replicaOf(one));
}

test.each<[keyof typeof cases, string[], string[]]>([
  ['lostWithCopy', ['ZooKeeper has lost the state', 'keeps its copy', 'force-primary --all'], ['bring', 'in-sync']],
  ['lostWithout', ['ZooKeeper has lost the state', 'holds no copy', 'bring back', 'force-primary --all'], ['keeps']],
  ['wentBack', ['an older state', 'keeps its copy', 'force-primary --all'], ['in-sync']],
  ['gone', ['no member of the in-sync set is live', 'b, c', 'force-primary --all'], ['ZooKeeper']],
  ['twoHistories', ['history new at epoch 1:new1', 'history h at epoch 5:h5', 'force-primary 7 --history ID'], ['in-sync']],
])('a shard is offline, %s - the log has the advice that fits', (name, expected, unexpected) => {
  logOf(cases[name]);
  const [[fields, text] = [{}, '']] = written;
  for (const words of expected) expect(text).toContain(words);
  for (const words of unexpected) expect(text).not.toContain(words);
  expect(fields.command).toMatch(/^kvctl shard force-primary (--all|7)$/);
});

test.each([
  [true, 'if this node dies, acknowledged writes are lost', 'one that was restarted has lost its data'],
  [false, 'while this node is away the shard is not served', 'one that is started with its data'],
])('data in memory: %s - the log says what becomes of it', (inMemory, ofSingleCopy, ofRestarted) => {
  const note: Note = { kind: 'inSyncChanged', inSync: ['a~1'] };
  new ShardLog(7, inMemory, logger, throttle).note(note, replicaOf(cases.gone));
  logOf(cases.gone, 7, inMemory);
  const texts = written.map(([, text]) => text).join();
  expect(texts).toContain(ofSingleCopy);
  expect(texts).toContain(ofRestarted);
});

test('many shards are offline for one reason - the log has a few lines for all of them', () => {
  for (let shard = 0; shard < 100; shard++) logOf(cases.lostWithCopy, shard);
  vi.advanceTimersByTime(1_000);
  expect(written.length).toBeLessThan(10);
  expect(written.at(-1)?.[0]).toMatchObject({ more: 96 });
});

const figures = {
  uptimeMs: 1,
  minInSync: 1,
  memoryBytes: 1,
  maxMemoryBytes: 2,
  dataLimitBytes: 1_000,
  log: { droppedLines: 0, problem: undefined },
  descriptors: { open: 20, allowed: 64, problem: undefined },
  disk: noDisk,
  database: undefined,
  isImpaired: false,
};
const node = {
  nodeId: 'a',
  address: 'a:1',
  session: 'connected',
  durability: 'memory',
  format: { inUse: 6, supported: { oldest: 6, newest: 6 } },
  ...figures,
} as const;

test.each<[keyof typeof cases, string]>([
  ['lostWithCopy', 'shards 0-1: ZooKeeper has lost the state; the copy here is kept; nothing is served'],
  ['lostWithout', 'shards 0-1: ZooKeeper has lost the state; no copy is held here; nothing is served'],
  ['wentBack', 'shards 0-1: ZooKeeper shows an older state (epoch 3) than is known here (epoch 5); nothing is served'],
  ['gone', 'shards 0-1: no member of the in-sync set is live; nothing is served'],
])('a node warns of shards that are offline, %s - in one line', (name, warning) => {
  const held = [0, 1].map((shard) => ({ shard, replica: replicaOf(cases[name]), keys: 1, expiringKeys: 0, dataBytes: 1 }));
  expect(describeNode({ ...node, held }).warnings).toEqual([warning]);
});

test('the status of a node has what its replicas hold, what they found, and what ZooKeeper has lost', () => {
  const lostState = stateOf('h', 5, 'a~1', 'b~1');
  const held = [{ shard: 0, replica: replicaOf(cases.twoHistories), lostState, keys: 1, expiringKeys: 0, dataBytes: 1 }];
  expect(describeNode({ ...node, held }).replicas[0]).toMatchObject({
    held: { history: 'h', epoch: 5, epochId: 'h5' },
    found: { history: 'new', epoch: 1, epochId: 'new1' },
    lost: { position: { history: 'h', epoch: 5, epochId: 'h5' }, inSync: ['a~1', 'b~1'] },
  });
});
