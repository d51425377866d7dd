import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KvError } from '../../errors.js';
import { MemoryStorage } from '../../storage/index.js';
import { costOfData } from './data-cost.js';
import type { Holder } from './holder-accounts.js';
import { diskFullBytes } from './node-account.js';
import { type AdmittingShard, WriteAdmission } from './write-admission.js';

/** A node whose other shards hold nothing, unless a test changes that. */
interface NodeUse {
  readonly shardCount?: number;
  readonly maxUncommittedBytes?: number;
  uncommittedBytes?(): number;
  otherShardsBytes?(): number;
  requestsFit?(): boolean;
  diskHasRoom?(): boolean;
}
const nodeOf = ({
  shardCount = 1,
  uncommittedBytes,
  otherShardsBytes,
  requestsFit,
  diskHasRoom,
  maxUncommittedBytes = 2 ** 40,
}: NodeUse = {}) => ({
  nodeId: 'own',
  shardCount,
  budget: { maxUncommittedBytes },
  get uncommittedBytes() {
    return uncommittedBytes?.() ?? 0;
  },
  usedBytesBeside: () => otherShardsBytes?.() ?? 0,
  get hasRoomForRequests() {
    return requestsFit?.() ?? true;
  },
  isBehind: false,
  get hasDiskRoom() {
    return diskHasRoom?.() ?? true;
  },
});

const shardOf = (more: Partial<AdmittingShard> = {}): AdmittingShard => ({
  storage: new MemoryStorage(),
  uncommittedBytes: 0,
  requestBytes: 0,
  uncommittedValueBytes: () => undefined,
  ...more,
});

/** A primary that commits every write at once. */
class Shard {
  readonly storage = new MemoryStorage();
  holders: Holder[];
  readonly admission: WriteAdmission;
  #seq = 0;

  constructor(...limits: number[]) {
    this.holders = limits.map((limitBytes, index) => ({ nodeId: `node-${index}`, limitBytes }));
    this.admission = new WriteAdmission(shardOf({ storage: this.storage }), nodeOf(), () => this.holders);
  }

  /** Undefined: accepted. */
  write(key: string, valueBytes: number | undefined, nowMs = 0): string | undefined {
    const value = valueBytes === undefined ? undefined : new Uint8Array(valueBytes);
    const refusal = this.admission.refusalOf({ key, value }, nowMs);
    if (refusal === undefined) this.storage.apply([{ seq: ++this.#seq, epoch: 1, writes: [{ key, value }] }]);
    return refusal?.code;
  }

  get cost(): number {
    return costOfData(this.storage);
  }
}

describe('the admission of writes', () => {
  it('keeps the data within the smallest limit, and refuses nothing that makes it no larger', () => {
    const write = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), bytes: fc.option(fc.nat(900), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 60 }), fc.integer({ min: 200, max: 4_000 }), (writes, limit) => {
        const shard = new Shard(limit + 1_000, limit, limit + 5);
        for (const { key, bytes } of writes) {
          const old = shard.storage.get(key)?.value.length;
          const refused = shard.write(key, bytes) !== undefined;
          if (bytes === undefined || (old !== undefined && bytes <= old)) expect(refused).toBe(false);
          expect(shard.cost).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });

  it('accepts writes that fit, and more of them after deletes', () => {
    const shard = new Shard(100_000);
    let taken = 0;
    while (shard.write(`key:${taken}`, 100) === undefined) taken++;
    expect(shard.cost).toBeGreaterThan(99_000);
    for (let key = 0; key < 10; key++) expect(shard.write(`key:${key}`, undefined)).toBeUndefined();
    for (let key = 0; key < 9; key++) expect(shard.write(`new:${key}`, 100)).toBeUndefined();
  });

  it('names the node that lacks memory in its refusal, and that nothing was written', () => {
    const shard = new Shard(10_000, 500);
    const refusal = shard.admission.refusalOf({ key: 'k', value: new Uint8Array(1_000) }, 0);
    expect(refusal).toMatchObject({ code: 'MEMORY_FULL', executed: 'no', retryable: false });
    expect(refusal?.message).toMatch(/of the 500 bytes that node node-1 has.*nothing was written.*--max-memory/s);
    shard.holders = [{ nodeId: 'on-disk', limitBytes: 500, isDiskBound: true }];
    const onDisk = shard.admission.refusalOf({ key: 'k', value: new Uint8Array(1_000) }, 1_000);
    expect(onDisk?.message).toMatch(/of the 500 bytes that node on-disk has.*--max-data/s);
  });

  it('judges by the report of a fuller node, together with the writes under way to it', () => {
    const shard = { ...shardOf(), uncommittedBytes: 0 };
    const holders: Holder[] = [
      { nodeId: 'own', limitBytes: 1_000_000 },
      { nodeId: 'other', limitBytes: 50_000, reportedBytes: 40_000 },
      { nodeId: 'silent', limitBytes: 60_000 },
    ];
    const admission = new WriteAdmission(shard, nodeOf({ shardCount: 2, otherShardsBytes: () => 20_000 }), () => holders);
    const put = (bytes: number, nowMs: number) => admission.refusalOf({ key: 'k', value: new Uint8Array(bytes) }, nowMs);
    expect(put(6_000, 0)).toBeUndefined();
    expect(put(8_000, 1_000)?.message).toMatch(/takes 40000 of the 50000 bytes that node other has/);
    shard.uncommittedBytes = 3_000;
    expect(put(6_000, 2_000)?.message).toMatch(/takes 44000 of the 50000 bytes that node other has/);
    holders[1] = { nodeId: 'other', limitBytes: 50_000, reportedBytes: 100 };
    expect(put(6_000, 3_000)).toBeUndefined();
    holders[1] = { nodeId: 'other', limitBytes: 500_000, reportedBytes: 400_000 };
    expect(put(30_000, 4_000)?.message).toMatch(/takes 24000 of the 60000 bytes that node silent has/);
  });

  it('limits what waits at the node for all shards together; each may exceed the limit by its own part', () => {
    const shards = 16;
    const maxUncommittedBytes = 1_000_000;
    let waiting = 0;
    const node = nodeOf({ shardCount: shards, uncommittedBytes: () => waiting, maxUncommittedBytes });
    const admissions = Array.from(
      { length: shards },
      () => new WriteAdmission(shardOf(), node, () => [{ nodeId: 'a', limitBytes: 2 ** 40 }]),
    );
    const put = (shard: number) => admissions[shard]!.refusalOf({ key: 'k', value: new Uint8Array(1_000) }, 0);
    let refusal: KvError | undefined;
    for (let round = 0; refusal === undefined; round++) {
      refusal = put(round % shards);
      if (refusal === undefined) waiting += 1_000;
    }
    expect(refusal).toMatchObject({ code: 'OVERLOADED', executed: 'no', retryable: true });
    expect(waiting).toBeGreaterThanOrEqual(maxUncommittedBytes);
    for (let shard = 0; shard < shards; shard++) while (put(shard) === undefined) waiting += 1_000;
    expect(waiting).toBeLessThan(1.2 * maxUncommittedBytes);
    waiting = 0;
    expect(put(0)).toBeUndefined();
  });

  it('counts writes that are accepted and not committed yet', () => {
    const uncommittedValueBytes = (key: string) => (key === 'waiting' ? 100 : undefined);
    const shard = { ...shardOf({ uncommittedValueBytes }), uncommittedBytes: 0 };
    const admission = new WriteAdmission(shard, nodeOf(), () => [{ nodeId: 'a', limitBytes: 10_000 }]);
    const put = (key: string, bytes: number) => admission.refusalOf({ key, value: new Uint8Array(bytes) }, 0)?.code;
    expect(put('k', 1_000)).toBeUndefined();
    shard.uncommittedBytes = 9_000;
    // Counted already, until it is looked at again.
    expect(put('k', 8_000)).toBe('MEMORY_FULL');
    expect(put('waiting', 100)).toBeUndefined();
    expect(put('waiting', 101)).toBe('MEMORY_FULL');
  });

  it('notices within a moment that a smaller node gets a copy', () => {
    const shard = new Shard(1_000_000);
    expect(shard.write('k1', 500)).toBeUndefined();
    shard.holders = [...shard.holders, { nodeId: 'small', limitBytes: 1_000 }];
    expect(shard.write('k2', 500, 1_000)).toBe('MEMORY_FULL');
  });

  it('counts the other shards of the node, and leaves them their part of the room', () => {
    const others = { bytes: 8_000 };
    const node = nodeOf({ shardCount: 2, otherShardsBytes: () => others.bytes });
    const admission = new WriteAdmission(shardOf(), node, () => [{ nodeId: 'a', limitBytes: 10_000 }]);
    const put = (bytes: number) => admission.refusalOf({ key: 'k', value: new Uint8Array(bytes) }, 0)?.code;
    expect(put(2_000)).toBe('MEMORY_FULL');
    expect(put(500)).toBeUndefined();
    others.bytes = 9_900;
    // Beyond its part it looks again.
    expect(put(500)).toBe('MEMORY_FULL');
  });

  it('shows, for a moment after each look, whether the node has room for more requests', () => {
    const node = { fits: true };
    const admission = new WriteAdmission(shardOf(), nodeOf({ requestsFit: () => node.fits }), () => []);
    const put = (nowMs: number) => admission.refusalOf({ key: 'k', value: new Uint8Array(1) }, nowMs);
    expect(admission.hasRoomForRequests(0)).toBe(false);
    put(0);
    expect([0, 99, 100].map((nowMs) => admission.hasRoomForRequests(nowMs))).toEqual([true, true, false]);
    node.fits = false;
    put(200);
    expect(admission.hasRoomForRequests(200)).toBe(false);
  });

  it('leaves the judgement to the primary if this node is not primary', () => {
    const shard = new Shard();
    expect(shard.write('k', 1_000_000)).toBeUndefined();
  });
});

describe('a full disk', () => {
  const put = (value: Uint8Array | undefined) => ({ key: 'k', value });
  const isSmall = new Uint8Array(1);

  it('of this node refuses every put, definitely not executed, until there is room; deletes go on', () => {
    let hasRoom = false;
    const admission = new WriteAdmission(shardOf(), nodeOf({ diskHasRoom: () => hasRoom }), () => []);
    expect(admission.refusalOf(put(isSmall), 0)).toMatchObject({
      code: 'STORAGE_FULL',
      executed: 'no',
      message: expect.stringContaining('own'),
    });
    expect(admission.refusalOf(put(undefined), 0)).toBeUndefined();
    expect(admission.refusalOfCost(1, () => true, 0)).toMatchObject({ code: 'STORAGE_FULL' });
    hasRoom = true;
    expect(admission.refusalOf(put(isSmall), 1)).toBeUndefined();
  });

  it('of another holder refuses as well, and names that node', () => {
    const holder = { nodeId: 'other', limitBytes: 2 ** 40, reportedBytes: diskFullBytes };
    const admission = new WriteAdmission(shardOf(), nodeOf(), () => [holder]);
    expect(admission.refusalOf(put(isSmall), 0)).toMatchObject({
      code: 'STORAGE_FULL',
      message: expect.stringContaining('other'),
    });
  });
});
