/** A primary of one shard without replication: what is written is applied at once. And a client that reads its dump. */
import type { KvError } from '../../errors.js';
import type { KeyWrite, LogEntry } from '../../replication/index.js';
import { MemoryStorage } from '../../storage/index.js';
import { ReplyStream } from '../../transport/index.js';
import { type DumpPart, readDumpPart } from '../../wire/dump/dump-parts.js';
import type { DumpedReplica } from './shard-dump.js';

export class DumpedPrimary implements DumpedReplica {
  readonly storage = new MemoryStorage();
  readonly epoch = 3;
  isPrimary = true;
  listeners = 0;
  /** What the shard holds, by key. */
  readonly held = new Map<string, { readonly value: string; readonly version: number }>();
  #seq = 10;
  #listener: ((entries: readonly LogEntry[]) => void) | undefined;

  get position() {
    return { history: 'h', seq: this.#seq };
  }

  isPrimaryIn(epoch: number): boolean {
    return this.isPrimary && epoch === this.epoch;
  }

  timeMs(): number {
    return 5_000.5;
  }

  onApplied(listener: (entries: readonly LogEntry[]) => void): () => void {
    this.#listener = listener;
    this.listeners += 1;
    return () => {
      if (this.#listener === listener) this.listeners -= 1;
      this.#listener = undefined;
    };
  }

  /** One entry. An undefined value deletes its key. */
  write(writes: Readonly<Record<string, string | undefined>>, expiresAtMs?: number): void {
    this.#seq += 1;
    const seq = this.#seq;
    const keyWrites = Object.entries(writes).map(([key, value]): KeyWrite => {
      if (value === undefined) this.held.delete(key);
      else this.held.set(key, { value, version: seq });
      return { key, value: value === undefined ? undefined : Buffer.from(value), expiresAtMs };
    });
    const entries = [{ seq, epoch: this.epoch, writes: keyWrites }];
    this.#listener?.(entries);
    this.storage.apply(entries);
  }
}

/** Reads a dump without a pause, until a test pauses it. */
export class DumpReader {
  readonly parts: DumpPart[] = [];
  readonly reply: ReplyStream;
  error: KvError | undefined;
  hasEnded = false;
  mayRead = true;

  /** @param onPart called for each part, in the turn in which it is sent */
  constructor(onPart: (part: DumpPart) => void = () => {}) {
    this.reply = new ReplyStream({
      send: (bytes) => {
        const part = readDumpPart(bytes as Buffer)!;
        this.parts.push(part);
        onPart(part);
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

  get end() {
    const last = this.parts.at(-1);
    return last?.type === 'end' ? last : undefined;
  }

  /** By key, the newest record that is not a deletion. */
  get state(): Map<string, { readonly value: string; readonly version: number }> {
    const newest = new Map<string, { value: string | undefined; version: number }>();
    for (const part of this.parts) {
      if (part.type !== 'records') continue;
      for (const { key, value, version } of part.records) {
        const known = newest.get(key);
        if (known === undefined || version >= known.version) newest.set(key, { value: value?.toString(), version });
      }
    }
    const held = [...newest].flatMap(([key, { value, version }]) =>
      value === undefined ? [] : [[key, { value, version }] as const],
    );
    return new Map(held);
  }
}
