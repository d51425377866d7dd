/** A primary of one shard without replication: what is written is applied at once. And a client that reads its pages. */
import type { KvError } from '../../errors.js';
import type { Answer, DueEvent } from '../../replication/index.js';
import { MemoryStorage, type Storage } from '../../storage/index.js';
import { ReplyStream } from '../../transport/index.js';
import { readScanPage, type ScanPage } from '../../wire/scan/scan-messages.js';
import type { LocalOperation } from '../shards/local-shard.js';
import type { ScannedReplica } from './read-page.js';

export class ScannedPrimary implements ScannedReplica {
  storage = new MemoryStorage();
  refusal: KvError | undefined;
  nowMs = 0;
  epoch = 3;
  resets = 0;
  /** Keys with a write under way. */
  readonly busy = new Set<string>();
  /** The storage answers a page once this has resolved. Undefined: at once. */
  storageDelay: Promise<void> | undefined;
  /** Called in the moment of each page. */
  onRead: () => void = () => {};
  /** The deletes of keys that are due commit at once, unless a test keeps them. */
  keepsDeletes = false;
  readonly kept: (() => void)[] = [];
  /** Keys that were reported as due, an array for each entry. */
  readonly expired: string[][] = [];
  #seq = 0;

  readonly host: ScannedReplica['host'];
  readonly local: ScannedReplica['local'];

  constructor() {
    const primary = this;
    this.host = {
      get storage() {
        if (primary.storage.range === undefined) return primary.storage;
        return { range: primary.storageDelay === undefined ? primary.#rangeNow : primary.#rangeLater };
      },
      get epoch() {
        return primary.epoch;
      },
      get copy() {
        return { history: 'h', seq: primary.seq, resets: primary.resets };
      },
      isPrimaryIn: (epoch) => epoch === this.epoch,
      timeMs: () => this.nowMs,
      write: (event) => this.#expire(event as DueEvent),
    };
    this.local = {
      refusalOfRead: () => this.refusal,
      isBeingWritten: (key) => this.busy.has(key),
      readDue: (key, operation) => this.#readDue(key, operation),
    };
  }

  get seq(): number {
    return this.#seq;
  }

  /** One entry. An undefined value deletes its key. */
  write(writes: Readonly<Record<string, string | undefined>>, expiresAtMs?: number): void {
    this.#seq += 1;
    const keyWrites = Object.entries(writes).map(([key, value]) => ({
      key,
      value: value === undefined ? undefined : Buffer.from(value),
      expiresAtMs,
    }));
    this.storage.apply([{ seq: this.#seq, epoch: this.epoch, writes: keyWrites }]);
  }

  readonly #rangeNow: NonNullable<Storage['range']> = (query, onMoment) => {
    this.onRead();
    return this.storage.range!(query, onMoment);
  };

  readonly #rangeLater: NonNullable<Storage['range']> = async (query, onMoment) => {
    await this.storageDelay;
    onMoment?.();
    this.onRead();
    const { items, isExhausted } = await this.storage.range!(query);
    return { items: items.map((item) => ({ ...item, value: item.value && Buffer.from(item.value) })), isExhausted };
  };

  #expire({ keys, token }: DueEvent): void {
    this.expired.push(keys.map(({ key }) => key));
    const commit = (): void => {
      this.write(Object.fromEntries(keys.map(({ key }) => [key, undefined])));
      (token as LocalOperation).answer({ kind: 'written', version: this.#seq } satisfies Answer);
    };
    if (this.keepsDeletes) this.kept.push(commit);
    else queueMicrotask(commit);
  }

  #readDue(key: string, operation: LocalOperation): void {
    const { expiresAtMs } = this.storage.head(key) ?? {};
    if (this.busy.delete(key)) this.write({ [key]: 'new' });
    else if (expiresAtMs !== undefined && expiresAtMs <= this.nowMs) this.write({ [key]: undefined });
    queueMicrotask(() => operation.answer({ kind: 'readable', newest: undefined }));
  }
}

/** Reads pages without a pause, until a test pauses it. */
export class PageReader {
  readonly pages: ScanPage[] = [];
  readonly reply: ReplyStream;
  error: KvError | undefined;
  hasEnded = false;
  mayRead = true;

  /** @param onPage called for each page, in the turn in which it is sent */
  constructor(onPage: (page: ScanPage) => void = () => {}) {
    this.reply = new ReplyStream({
      send: (bytes) => {
        const page = readScanPage(bytes as Buffer, false);
        this.pages.push(page);
        onPage(page);
        return this.mayRead;
      },
      end: () => {
        this.hasEnded = true;
      },
      fail: (error) => {
        this.error = error;
      },
    });
  }

  get keys(): string[] {
    return this.pages.flatMap(({ records }) => records.map(({ key }) => key));
  }
}
