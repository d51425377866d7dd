import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { HolderAccounts } from './holder-accounts.js';
import { diskFullBytes } from './node-account.js';

const candidate = (name: string, dataLimitBytes: number | undefined) => ({
  replicaId: `${name}~1`,
  nodeId: name,
  address: `${name}:1`,
  stopping: false,
  order: 1,
  dataLimitBytes,
});

/** A storage whose data costs this much. */
const storageOf = (shard: { readonly cost: number }) => ({
  keyCount: 0,
  expiringCount: 0,
  get dataBytes() {
    return (shard.cost * 3) / 4;
  },
});

const lines: string[] = [];
const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
let dueBytes: number;
const node = { dueBytesOf: () => dueBytes, holdsOtherShards: () => true };

beforeEach(() => {
  lines.length = 0;
  dueBytes = 0;
});

describe('the limits of the holders', () => {
  const accountsOf = (storage = storageOf({ cost: 0 })) => new HolderAccounts(node, storage, logger);

  it('the log names a node with too little once, and a change is returned', () => {
    const accounts = accountsOf();
    accounts.learnCandidates([candidate('a', 1_000), candidate('b', 100), candidate('old', undefined)], []);
    dueBytes = 100;
    expect(accounts.judge(true)).toBe(false);
    dueBytes = 101;
    expect(accounts.judge(true)).toBe(true);
    expect([accounts.isFull('a~1'), accounts.isFull('b~1'), accounts.isFull('old~1')]).toEqual([false, true, false]);
    dueBytes = 200;
    expect(accounts.judge(true)).toBe(false);
    expect(lines.filter((line) => line.includes('--max-memory'))).toHaveLength(1);
    dueBytes = 50;
    expect(accounts.judge(true)).toBe(true);
    expect(accounts.isFull('b~1')).toBe(false);
  });

  it('are judged by what a node has reported, too', () => {
    const accounts = accountsOf();
    accounts.learnCandidates([candidate('b', 100)], []);
    accounts.learnUse('b~1', 101);
    expect(accounts.judge(true)).toBe(true);
    expect(accounts.isFull('b~1')).toBe(true);
  });

  it('are judged by the primary alone: elsewhere no candidate is full', () => {
    const accounts = accountsOf();
    accounts.learnCandidates([candidate('a', 1_000), candidate('b', 100)], []);
    dueBytes = 200;
    expect(accounts.judge(true)).toBe(true);
    expect([accounts.judge(false), accounts.isFull('b~1'), accounts.judge(false)]).toEqual([true, false, false]);
    expect(accounts.judge(true)).toBe(true);
  });

  it('may follow from the disk: then the log names --max-data', () => {
    const accounts = accountsOf();
    accounts.learnCandidates([{ ...candidate('b', 100), diskBound: true }], []);
    dueBytes = 101;
    accounts.judge(true);
    expect(lines.filter((line) => line.includes('--max-data'))).toHaveLength(1);
    expect(accounts.holderOf('b~1')).toMatchObject({ limitBytes: 100, isDiskBound: true });
  });

  it('are remembered after the znode is gone, for as long as the replica holds a copy', () => {
    const accounts = accountsOf();
    accounts.learnCandidates([candidate('a', 1_000), candidate('b', 100)], []);
    accounts.learnCandidates([candidate('a', 1_000)], ['b~1']);
    expect(accounts.holderOf('b~1')).toMatchObject({ nodeId: 'b', limitBytes: 100 });
    accounts.learnCandidates([candidate('a', 1_000)], []);
    expect(accounts.holderOf('b~1').limitBytes).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('the use that holders report', () => {
  const useOf = (accounts: HolderAccounts, id: string) => accounts.holderOf(id).reportedBytes;

  it('grows by what has been written since, and by what may not have been counted', () => {
    const shard = { cost: 100 };
    const accounts = new HolderAccounts(node, storageOf(shard), logger);
    expect(useOf(accounts, 'b~1')).toBeUndefined();
    accounts.learnUse('b~1', 1_000);
    shard.cost = 152;
    expect(useOf(accounts, 'b~1')).toBe(1_052);
    // The 52 are in this report, or are not applied there yet.
    accounts.learnUse('b~1', 1_000);
    expect(useOf(accounts, 'b~1')).toBe(1_052);
    accounts.learnUse('b~1', 1_052);
    expect(useOf(accounts, 'b~1')).toBe(1_052);
    expect(useOf(accounts, 'c~1')).toBeUndefined();
  });

  it('shrinks at once by what is deleted, and not twice', () => {
    const shard = { cost: 100 };
    const accounts = new HolderAccounts(node, storageOf(shard), logger);
    accounts.learnUse('b~1', 1_000);
    shard.cost = 60;
    expect(useOf(accounts, 'b~1')).toBe(960);
    accounts.learnUse('b~1', 960);
    expect(useOf(accounts, 'b~1')).toBe(960);
  });

  it('does not count after a break', () => {
    const accounts = new HolderAccounts(node, storageOf({ cost: 100 }), logger);
    accounts.learnUse('b~1', 1_000);
    accounts.learnUse('b~1', undefined);
    expect(useOf(accounts, 'b~1')).toBeUndefined();
  });

  it('is not needed from a node all of whose shards are here', () => {
    const accounts = new HolderAccounts({ ...node, holdsOtherShards: () => false }, storageOf({ cost: 100 }), logger);
    accounts.learnUse('b~1', 1_000);
    expect(useOf(accounts, 'b~1')).toBeUndefined();
  });

  it('of a node whose disk is full counts as it is, even if all its shards are here', () => {
    const accounts = new HolderAccounts({ ...node, holdsOtherShards: () => false }, storageOf({ cost: 100 }), logger);
    accounts.learnUse('b~1', diskFullBytes);
    expect(useOf(accounts, 'b~1')).toBe(diskFullBytes);
  });
});
