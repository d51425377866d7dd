/** A copy of one shard as it was at one position of its log: receives a dump of the shard, and returns the newest record of each key. */
import type { DumpOptions, KvClient } from '../../../client/index.js';
import type { DumpedShard, DumpRecord } from '../../../dump/index.js';
import { KvError } from '../../../errors.js';
import type { DumpPart } from '../../../wire/dump/dump-parts.js';
import type { DumpedRecord } from '../../../wire/dump/dump-records.js';
import { NewestRecords } from './newest-records.js';

export interface CopyEvents {
  /** Waits for the next part. */
  wait(next: () => Promise<IteratorResult<DumpPart, void>>): Promise<IteratorResult<DumpPart, void>>;
  received(records: number, bytes: number): void;
  /** The primary was replaced, for example: the copy begins again. */
  beganAgain(): void;
}

export class ShardCopy {
  readonly position: DumpedShard;
  readonly #newest: NewestRecords;
  /** The time of the shard at that position. */
  readonly #timeMs: number;

  private constructor(position: DumpedShard, newest: NewestRecords, timeMs: number) {
    this.position = position;
    this.#newest = newest;
    this.#timeMs = timeMs;
  }

  /** Close the copy after use. @throws KvError as `KvClient.dumpShard` */
  static async receive(
    client: Pick<KvClient, 'dumpShard'>,
    shard: number,
    call: DumpOptions,
    events: CopyEvents,
  ): Promise<ShardCopy> {
    const parts = client.dumpShard(shard, call);
    let newest: NewestRecords | undefined;
    let epoch = 0;
    try {
      for (;;) {
        const next = await events.wait(() => parts.next());
        if (next.done) throw new KvError('INTERNAL', `the dump of shard ${shard} has no end`);
        const part = next.value;
        if (part.type === 'begin') {
          if (newest !== undefined) events.beganAgain();
          await newest?.close();
          newest = new NewestRecords(part.dataBytes);
          epoch = part.epoch;
        } else if (newest === undefined) throw new KvError('INTERNAL', `the dump of shard ${shard} has no beginning`);
        else if (part.type === 'records') {
          events.received(await newest.add(part.records), part.records.bytes);
        } else return new ShardCopy({ shard, epoch, ...part.position }, newest, part.timeMs);
      }
    } catch (error) {
      await newest?.close();
      await parts.return();
      throw error;
    }
  }

  /** A key that is due at the position is gone: any read then would have deleted it first. */
  async *records(): AsyncGenerator<DumpRecord[], void> {
    for await (const batch of this.#newest.read()) {
      const records: DumpRecord[] = [];
      for (const found of batch) {
        const record = this.#toRecord(found);
        if (record !== undefined) records.push(record);
      }
      if (records.length > 0) yield records;
    }
  }

  async close(): Promise<void> {
    await this.#newest.close();
  }

  /** Undefined: the key is gone. */
  #toRecord({ key, value, version, expiresAtMs }: DumpedRecord): DumpRecord | undefined {
    if (value === undefined) return undefined;
    if (version > this.position.seq)
      throw new KvError('INTERNAL', `the dump of shard ${this.position.shard} has a write from after it`);
    if (expiresAtMs === undefined) return { key, value, version };
    const ttlMs = expiresAtMs - this.#timeMs;
    return ttlMs <= 0 ? undefined : { key, value, version, ttlMs };
  }
}
