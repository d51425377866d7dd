/**
 * The pages of one shard, in order, from its primary, over one stream. If the stream breaks off, because of a failover, a move or a slow
 * reader, another stream continues behind the last key. So every key that exists throughout is shown exactly once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../../errors.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { readScanPage, type ScanPage, type ScanRequest } from '../../wire/scan/scan-messages.js';
import { type CallOptions, type Limits, remainingMs } from '../call-limits.js';
import { DumpMessages } from '../calls/dump-messages.js';
import type { ClientCore } from '../client-core.js';
import type { SendToNode } from '../node-queries.js';
import { backoffMs, mayRetry } from '../retry/retry-rule.js';
import type { CheckedScan } from './scan-options.js';

export interface ShardPagesOptions extends CheckedScan {
  readonly shard: number;
  /** About the most bytes of a page. 0: as the node chooses. */
  readonly maxPageBytes: number;
  /** Limits the keys of one stream; then another stream continues. 0: no limit. */
  readonly streamKeys: number;
}

/** With more pages than this waiting to be read, the stream is paused. */
const maxUnreadPages = 1;

export class ShardPages {
  readonly #core: ClientCore;
  readonly #options: ShardPagesOptions;
  readonly #call: CallOptions;
  /** Keys that may still be shown. */
  #left: number;
  /** The last key that was received. */
  #after = '';
  #stream: DumpMessages | undefined;
  #isOver = false;
  /** Aborted once the reader has given the rest up: it ends whatever `next` waits for. */
  readonly #closing = new AbortController();

  /** @param call `deadlineMs` limits the time to each next page */
  constructor(core: ClientCore, options: ShardPagesOptions, call: CallOptions) {
    this.#core = core;
    this.#options = options;
    const { signal } = this.#closing;
    this.#call = { ...call, signal: call.signal === undefined ? signal : AbortSignal.any([call.signal, signal]) };
    this.#left = options.limit;
  }

  /** @returns undefined once there is none any more, or the rest was given up. @throws KvError as for a get; NO_ORDER */
  async next(): Promise<ScanPage | undefined> {
    if (this.#isOver) return undefined;
    const limits = this.#core.limitsOf(this.#call);
    for (let breaks = 0; ; ) {
      try {
        this.#stream ??= await this.#open(limits);
        return this.#take(decode(await this.#stream.next(limits), this.#options.keysOnly));
      } catch (error) {
        this.#closeStream();
        if (this.#closing.signal.aborted) return undefined;
        breaks += 1;
        if (!(error instanceof KvError) || !mayRetry('read', error)) throw error;
        const leftMs = remainingMs(limits);
        if (limits.signal?.aborted || leftMs <= 0) throw error;
        await pause(Math.min(leftMs, backoffMs(breaks, Math.random())));
      }
    }
  }

  /** Gives the rest up, also while `next` waits for a page. Idempotent. */
  close(): void {
    this.#isOver = true;
    this.#closing.abort();
    this.#closeStream();
  }

  #take(page: ScanPage): ScanPage {
    const { records, isLast, isExhausted } = page;
    this.#left -= records.length;
    this.#after = records.at(-1)?.key ?? this.#after;
    this.#isOver = isExhausted || this.#left <= 0;
    if (isLast || this.#isOver) this.#closeStream();
    return page;
  }

  #open(limits: Limits): Promise<DumpMessages> {
    const { shard, prefix, from, to, reverse, keysOnly, maxPageKeys, maxPageBytes, streamKeys } = this.#options;
    const most = Math.min(this.#left, streamKeys || Number.POSITIVE_INFINITY);
    const limit = Number.isFinite(most) ? most : 0;
    const after = this.#after;
    const request: ScanRequest = { shard, prefix, from, to, after, reverse, limit, keysOnly, maxPageKeys, maxPageBytes };
    const send: SendToNode<DumpMessages> = (node, within) =>
      DumpMessages.open((listener) => node.scan(request, listener), within, maxUnreadPages);
    return this.#core.run({ access: 'read', shard, bytes: 0, send }, limits);
  }

  #closeStream(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }
}

function decode(message: Buffer, keysOnly: boolean): ScanPage {
  try {
    return readScanPage(message, keysOnly);
  } catch (cause) {
    if (!(cause instanceof MalformedMessage)) throw cause;
    throw new KvError('INTERNAL', 'the node sent a page of a scan that cannot be read', { cause });
  }
}
