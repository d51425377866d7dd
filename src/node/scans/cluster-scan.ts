/** Pages of the keys of all shards, for HTTP, whose callers ask any node: this node asks the primaries of the others' shards. */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../../errors.js';
import { growingPauseMs } from '../../growing-pause.js';
import { ReplyStream } from '../../transport/index.js';
import { readScanPage, type ScanPage, type ScanRequest, scanRequestTable, scanRpc } from '../../wire/scan/scan-messages.js';
import type { Forwarder } from '../operations/forwarder.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { type MergedPage, mergedPage } from './merged-page.js';
import type { ScanServer } from './scan-server.js';

export interface ClusterScanParts {
  readonly directory: ShardDirectory;
  readonly forwarder: Pick<Forwarder, 'collect'>;
  readonly scans: Pick<ScanServer, 'serve'>;
}

type ScannedRange = Omit<ScanRequest, 'shard' | 'maxPageKeys' | 'maxPageBytes'>;

/** Limits, approximately, the bytes of the pages of all shards together. */
const maxBytes = 4 * 1024 * 1024;
const leastShardBytes = 16 * 1024;
/** If no node serves a shard, the request is retried for this long. A call for a key waits as long. */
const maxWaitMs = 10_000;
/** Limits the wait for the answer of another node. */
const answerMs = 2_000;
const pauses = { firstMs: 20, maxMs: 250 };

export class ClusterScan {
  readonly #parts: ClusterScanParts;

  constructor(parts: ClusterScanParts) {
    this.#parts = parts;
  }

  /** @throws KvError as Scan does; the last refusal, if a shard is not served for too long */
  page(range: ScannedRange): Promise<MergedPage> {
    const { shardCount } = this.#parts.directory;
    const shardBytes = Math.max(leastShardBytes, Math.floor(maxBytes / shardCount));
    const endMs = performance.now() + maxWaitMs;
    return mergedPage(shardCount, range, (shard) => {
      const request = { ...range, shard, maxPageKeys: range.limit, maxPageBytes: shardBytes };
      return this.#pagesOf(request, shardBytes, endMs);
    });
  }

  async #pagesOf(request: ScanRequest, shardBytes: number, endMs: number): Promise<readonly ScanPage[]> {
    for (let attempt = 1; ; attempt++) {
      const pages: ScanPage[] = [];
      let bytes = 0;
      const isEnough = (message: Buffer): boolean => {
        const page = readScanPage(message, false);
        pages.push(page);
        bytes += message.length;
        return page.isLast || bytes >= shardBytes;
      };
      try {
        await this.#collect(request, isEnough);
        if (pages.length === 0) throw new KvError('OUTCOME_UNKNOWN', 'the primary ended the scan without a page');
        return pages;
      } catch (error) {
        const mayWait =
          error instanceof KvError && (error.retryable || error.executed === 'unknown') && error.code !== 'OVERLOADED';
        const pauseMs = growingPauseMs(attempt, pauses, Math.random());
        if (!mayWait || performance.now() + pauseMs >= endMs) throw error;
        await pause(pauseMs);
      }
    }
  }

  #collect(request: ScanRequest, isEnough: (message: Buffer) => boolean): Promise<void> {
    const address = this.#parts.directory.primaryElsewhere(request.shard);
    if (address === undefined) return this.#collectHere(request, isEnough);
    return this.#parts.forwarder.collect(address, `/${scanRpc}`, scanRequestTable.encode(request), answerMs, isEnough);
  }

  #collectHere(request: ScanRequest, isEnough: (message: Buffer) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const reply = new ReplyStream({
        send: (bytes) => {
          if (isEnough(bytes as Buffer)) {
            resolve();
            // A scan that has sent its last page ends by itself in this turn.
            setImmediate(() => reply.onClosed());
          }
          return true;
        },
        end: resolve,
        fail: reject,
      });
      this.#parts.scans.serve(request, reply);
    });
  }
}
