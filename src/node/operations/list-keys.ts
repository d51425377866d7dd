/** Answers requests for a page of the keys that this node holds of a shard: checks the request, and bounds the work. */
import { setImmediate as turn } from 'node:timers/promises';
import { KvError } from '../../errors.js';
import type { Storage } from '../../storage/index.js';
import type { ListKeysRequest, ListKeysResponse } from '../../wire/contract/kv-api.js';
import { KeyPage, type KeysOfPage, type PageRange } from './key-page.js';
import { orderedKeys } from './ordered-keys.js';

/** The part of a replica that a listing needs. */
export interface ListedReplica {
  readonly storage: Pick<Storage, 'scan' | 'range'>;
  readonly status: { readonly complete: boolean; readonly role: string; readonly serving: boolean };
  /** The shard's time (R17), as far as the replica knows it. */
  timeMs(nowMs: number): number;
}

const defaultPageKeys = 1_000;
const maxPageKeys = 10_000;
/** Bytes that a listing looks at in one turn of the event loop, so that other work is not delayed. */
const sliceBytes = 64 * 1024;
/** Limits the pages that are made at the same time: each takes a part of every turn, and memory. */
const maxPages = 8;

export class KeyLister {
  readonly #nodeId: string;
  readonly #shardCount: number;
  readonly #replicaOf: (shard: number) => ListedReplica | undefined;
  #pages = 0;

  constructor(nodeId: string, shardCount: number, replicaOf: (shard: number) => ListedReplica | undefined) {
    this.#nodeId = nodeId;
    this.#shardCount = shardCount;
    this.#replicaOf = replicaOf;
  }

  /** @throws KvError INVALID_ARGUMENT; NOT_PRIMARY where no replica is here; OVERLOADED while too many pages are being made. */
  async list({ shard, after = '', prefix = '', limit = 0 }: ListKeysRequest): Promise<ListKeysResponse> {
    if (limit > maxPageKeys) throw new KvError('INVALID_ARGUMENT', `a page has at most ${maxPageKeys} keys, not ${limit}`);
    if (shard >= this.#shardCount) throw new KvError('INVALID_ARGUMENT', `there is no shard ${shard}`);
    const replica = this.#replicaOf(shard);
    if (replica === undefined) throw new KvError('NOT_PRIMARY', `this node holds no replica of shard ${shard}`);
    if (this.#pages >= maxPages) throw new KvError('OVERLOADED', `${maxPages} pages of keys are being made already`);
    this.#pages += 1;
    try {
      let complete = replica.status.complete;
      const timeMs = (): number => replica.timeMs(performance.now());
      const range = { after, prefix };
      const most = limit || defaultPageKeys;
      const { storage } = replica;
      const slices =
        storage.range === undefined
          ? scannedKeys(storage, range, most, timeMs)
          : orderedKeys((query) => storage.range!(query), range, most, sliceBytes, timeMs);
      let page = await slices.next();
      for (; page.done !== true; page = await slices.next()) {
        await turn();
        complete &&= replica.status.complete;
      }
      // Also the last slice may have waited: the copy may be another one by now.
      complete &&= replica.status.complete;
      const { role, serving } = replica.status;
      return {
        ...page.value,
        nodeId: this.#nodeId,
        primary: role === 'primary' && serving,
        complete,
      };
    } finally {
      this.#pages -= 1;
    }
  }
}

/** Looks at every key of the shard. @returns the page, after a turn for each slice of them */
async function* scannedKeys(
  storage: Pick<Storage, 'scan'>,
  range: PageRange,
  most: number,
  timeMs: () => number,
): AsyncGenerator<void, KeysOfPage> {
  const page = new KeyPage(range, most);
  for await (const _ of storage.scan(sliceBytes, (record) => page.add(record))) yield;
  return page.finish(timeMs());
}
