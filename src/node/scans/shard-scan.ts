/**
 * One scan of a shard: its pages, one after the other, as fast as the client reads them. While the client does not read, the scan holds
 * nothing but the page that it has sent. Between two pages the scan remembers only the last key, so the next page shows what was written
 * meanwhile.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { KvError } from '../../errors.js';
import type { ReplyStream } from '../../transport/index.js';
import { ScanPageWriter, type ScanRequest } from '../../wire/scan/scan-messages.js';
import { type PageBounds, PageSize } from './page-size.js';
import { type ReadPage, readPage, type ScannedReplica } from './read-page.js';
import type { ScanMemory } from './scan-memory.js';
import { type KeyBounds, leftAfter } from './scan-range.js';

export interface ShardScanParts {
  readonly nodeId: string;
  readonly request: Pick<ScanRequest, 'reverse' | 'limit' | 'keysOnly'>;
  /** Undefined: no key can belong to it. */
  readonly range: KeyBounds | undefined;
  readonly bounds: PageBounds;
  readonly reply: ReplyStream;
  /** What all scans of the node hold. */
  readonly memory: ScanMemory;
  /** The replica of the shard at this node. @throws KvError NOT_PRIMARY: there is none any more */
  replica(): ScannedReplica;
  /** A page with this number of keys has been read. */
  onPage(keys: number): void;
  /** The error that the client gets: a node that is not primary names the primary. */
  refusalOf(error: KvError): KvError;
}

/** A client that reads nothing for this long has stopped reading, so its scan ends. */
const silentMs = 30_000;

export class ShardScan {
  readonly #parts: ShardScanParts;
  readonly #size: PageSize;
  readonly #writer = new ScanPageWriter();
  #range: KeyBounds | undefined;
  /** Keys that may still be shown. */
  #left: number;
  #failure: KvError | undefined;

  constructor(parts: ShardScanParts) {
    this.#parts = parts;
    this.#size = new PageSize(parts.bounds);
    this.#range = parts.range;
    this.#left = parts.request.limit || Number.POSITIVE_INFINITY;
  }

  /** Resolves when the scan is over. @returns why it has failed; undefined: it has not. It never rejects. */
  async run(): Promise<KvError | undefined> {
    const { reply, refusalOf } = this.#parts;
    try {
      while (await this.#sendPage()) await turn();
      reply.end();
      return undefined;
    } catch (error) {
      const failure = error instanceof KvError ? refusalOf(error) : new KvError('INTERNAL', 'the scan failed', { cause: error });
      if (!reply.isGone) reply.fail(failure);
      return failure;
    }
  }

  /** The node is closing. */
  giveUp(): void {
    this.#failure ??= new KvError('STOPPING', 'this node is stopping; the scan goes on at the next primary, after the last key');
    this.#parts.reply.fail(this.#failure);
    this.#parts.reply.onClosed();
  }

  /** @returns whether another page follows */
  async #sendPage(): Promise<boolean> {
    const { request, memory, replica } = this.#parts;
    this.#check();
    const { reverse, keysOnly } = request;
    const most = Math.min(this.#size.keys, this.#left);
    const maxBytes = memory.shareOf(this.#size.bytes);
    const query = this.#range && { ...this.#range, reverse, most, maxBytes, keysOnly };
    const { message, isLast } = await readPage(replica(), query, (page) => this.#encode(page));
    // The client may have gone meanwhile, or the node may be closing.
    this.#check();
    memory.hold(message.length);
    try {
      await this.#send(message);
    } finally {
      memory.release(message.length);
    }
    return !isLast;
  }

  /** The scan goes on behind the page. */
  #encode({ items, timeMs, position, epoch, isExhausted, readMs }: ReadPage): { message: Buffer; isLast: boolean } {
    const { nodeId, request, onPage } = this.#parts;
    const beginMs = performance.now();
    for (const { key, value, version, expiresAtMs } of items) {
      const expiresInMs = expiresAtMs === undefined ? undefined : Math.max(0, Math.floor(expiresAtMs - timeMs));
      this.#writer.add(key, value, version, expiresInMs);
    }
    this.#left -= items.length;
    const last = items.at(-1);
    if (last !== undefined && this.#range !== undefined) this.#range = leftAfter(this.#range, last.key, request.reverse);
    const isLast = isExhausted || this.#left === 0;
    const message = this.#writer.take({ position, epoch, nodeId, isLast, isExhausted });
    this.#size.took(readMs + performance.now() - beginMs);
    onPage(items.length);
    return { message, isLast };
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#parts.reply.isGone) throw new KvError('CANCELLED', 'the client has gone');
  }

  async #send(message: Buffer): Promise<void> {
    const { reply } = this.#parts;
    const timer = setTimeout(() => {
      this.#failure ??= new KvError('OVERLOADED', `the client has read nothing of the scan for ${silentMs / 1_000} s`);
      reply.onDrain();
    }, silentMs);
    await reply.send(message);
    clearTimeout(timer);
    this.#check();
  }
}
