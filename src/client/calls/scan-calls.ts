/** The calls of `KvClient` that concern many keys in their order: scans, and the removal of a prefix. */
import { KvError } from '../../errors.js';
import type { ScannedKey, ScannedValue, ScanPage } from '../../wire/scan/scan-messages.js';
import type { CallOptions } from '../call-limits.js';
import { op } from '../changes/key-operations.js';
import type { WriteDurability } from '../results.js';
import { MergedScan } from '../scans/merged-scan.js';
import { checkScan, type ScanOptions } from '../scans/scan-options.js';
import { ShardPages } from '../scans/shard-pages.js';
import { ChangeCalls } from './change-calls.js';

/** Limits the shards from which one call removes keys at the same time. */
const shardsAtOnce = 8;
/** Limits the keys that one step removes, in one write of their shard. */
const stepKeys = 512;

export abstract class ScanCalls extends ChangeCalls {
  /**
   * The keys of all shards with their values, in the order of their UTF-8 bytes. A page of a shard is one moment of that shard and
   * linearizable; the whole scan, of several pages, is not one moment (docs/scans.md). A key that exists throughout is shown exactly
   * once, whatever happens to the nodes meanwhile. Leaving the loop early ends the scan. The client holds at most about 16 MiB of
   * pages, or one page of each shard if values are larger.
   *
   * @example
   * for await (const { key, value } of client.scan({ prefix: 'user:' })) console.log(key, value.toString());
   * @param options `deadlineMs` limits the time to each next page of a shard, not that of the scan. A value is a view of its page, of up to
   *   256 KiB: copy the values that you keep for long.
   * @throws KvError INVALID_ARGUMENT; NO_ORDER if a node keeps no order of keys; and as for `get`.
   */
  scan(options: ScanOptions & { readonly keysOnly: true }): AsyncIterableIterator<ScannedKey>;
  scan(options?: ScanOptions): AsyncIterableIterator<ScannedValue>;
  scan(options: ScanOptions = {}): AsyncIterableIterator<ScannedValue> {
    return new MergedScan(this.core, checkScan(options), options);
  }

  /**
   * The pages of one shard, in order, each with its position in the log of the shard (kv.proto, `Scan`).
   *
   * @param options as for `scan`
   * @throws KvError as for `scan`
   */
  async *scanShard(shard: number, options: ScanOptions = {}): AsyncGenerator<ScanPage, void> {
    const count = this.core.knownTopology?.shards.length ?? 0;
    if (!Number.isSafeInteger(shard) || shard < 0 || shard >= count)
      throw new KvError('INVALID_ARGUMENT', `there is no shard ${shard}: the cluster has the shards 0 to ${count - 1}`);
    const pages = new ShardPages(this.core, { ...checkScan(options), shard, maxPageBytes: 0, streamKeys: 0 }, options);
    try {
      for (let page = await pages.next(); page !== undefined; page = await pages.next()) yield page;
    } finally {
      pages.close();
    }
  }

  /**
   * Removes all keys that begin with a text. It is not atomic: each step removes up to 512 keys of a shard in one write, and until the
   * end other clients may see only a part of the keys removed. A key that is written meanwhile may be removed or stay. Each step is executed once, so the number
   * is exact, whatever happens to the nodes meanwhile.
   *
   * @param prefix not empty
   * @param options `deadlineMs` limits each step, not the call
   * @returns the number of keys that this call has removed
   * @throws KvError as for `scan` and `put`. Its message has the number of keys that were removed before; `executed` is `unknown`
   *   unless there was none, and no step has an unknown outcome.
   */
  async deletePrefix(prefix: string, options: CallOptions & WriteDurability = {}): Promise<number> {
    if (prefix === '') throw new KvError('INVALID_ARGUMENT', 'an empty prefix would remove every key');
    checkScan({ prefix });
    const shards = (this.core.knownTopology?.shards ?? []).map(({ shard }) => shard).values();
    let removed = 0;
    let failure: unknown;
    let hasUnknown = false;
    const lane = async (): Promise<void> => {
      for (const shard of shards) {
        for await (const { records } of this.scanShard(shard, { ...options, prefix, keysOnly: true, pageSize: stepKeys })) {
          // A step that is under way when another one fails comes to its end, so that its keys are counted.
          if (failure !== undefined) return;
          if (records.length === 0) continue;
          const { results } = await this.transact({ do: records.map(({ key }) => op.delete(key)) }, options);
          removed += results.filter(({ existed }) => existed).length;
        }
      }
    };
    const lanes = Array.from({ length: shardsAtOnce }, () =>
      lane().catch((error: unknown) => {
        failure ??= error;
        hasUnknown ||= error instanceof KvError && error.executed === 'unknown';
      }),
    );
    await Promise.all(lanes);
    if (failure === undefined) return removed;
    if (!(failure instanceof KvError) || (removed === 0 && !hasUnknown)) throw failure;
    const unknown = hasUnknown ? ', and those of a step whose outcome is unknown may be gone' : '';
    const message = `${failure.message} (${removed} keys had been removed before${unknown})`;
    throw new KvError(failure.code, message, { cause: failure, executed: 'unknown' });
  }
}
