/**
 * One dump of a shard: what the shard holds at one position of its log, while writes go on. It is a scan, and every entry that is
 * applied from before the scan until its end. The scan finds some keys as they were before a write and others as they are after it;
 * the entries make up for that, because of the records of a key the one with the highest version counts. The position of the dump is
 * that of the last entry before its end.
 *
 * The entries leave as they are applied, so the log need not be retained for a dump.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError, type ShardPosition } from '../../errors.js';
import type { LogEntry } from '../../replication/index.js';
import type { RecordView, Storage } from '../../storage/index.js';
import type { ReplyStream } from '../../transport/index.js';
import { type DumpEnd, encodeBegin, encodeEnd } from '../../wire/dump/dump-parts.js';
import { DumpRecordsWriter } from '../../wire/dump/dump-records.js';
import type { SnapshotPace } from '../peers/snapshot-pace.js';
import type { DumpBacklog } from './dump-backlog.js';

/** The primary's replica, as far as a dump of it needs to know. */
export interface DumpedReplica {
  readonly storage: Pick<Storage, 'scan' | 'keyCount' | 'dataBytes'>;
  /** At a primary everything up to here is applied. Undefined: there is no complete copy. */
  readonly position: ShardPosition | undefined;
  readonly epoch: number;
  isPrimaryIn(epoch: number): boolean;
  /** The time of the shard (R17). */
  timeMs(nowMs: number): number;
  /** The listener gets all entries that are applied from now on, in order. @returns a function that removes it. */
  onApplied(listener: (entries: readonly LogEntry[]) => void): () => void;
}

export interface ShardDumpParts {
  readonly nodeId: string;
  readonly replica: DumpedReplica;
  readonly reply: ReplyStream;
  /** The scan keeps to all of them. */
  readonly paces: readonly SnapshotPace[];
  readonly backlog: DumpBacklog;
}

/** Large enough to make the cost of a message small, small enough not to hold up the event loop. */
const messageBytes = 64 * 1024;
/** A client from which nothing is taken for this long has stopped reading. */
const silentMs = 30_000;

function notPrimary(): KvError {
  return new KvError('NOT_PRIMARY', 'this node is not the primary of the shard any more, so the dump has to begin again');
}

export class ShardDump {
  readonly #parts: ShardDumpParts;
  readonly #base: ShardPosition;
  readonly #epoch: number;
  readonly #writer = new DumpRecordsWriter();
  /** Messages that wait to be sent, oldest first. */
  #waiting: Buffer[] = [];
  /** Bytes of `#waiting` and of the message that is being written. */
  #heldBytes = 0;
  /** Bytes of the scan since the last pause. */
  #scannedBytes = 0;
  #failure: KvError | undefined;

  /** Reads the position: `run` must be called in the same turn. */
  constructor(parts: ShardDumpParts) {
    this.#parts = parts;
    const { position, epoch } = parts.replica;
    if (position === undefined) throw notPrimary();
    this.#base = position;
    this.#epoch = epoch;
  }

  /** Resolves when the dump is sent or given up; never rejects. */
  async run(): Promise<void> {
    const { replica, reply, backlog } = this.#parts;
    const forget = replica.onApplied((entries) => this.#addWrites(entries));
    try {
      const end = await this.#copy(forget);
      await this.#sendWaiting();
      await this.#send(encodeEnd(end));
      if (this.#failure === undefined) reply.end();
    } catch (error) {
      if (!reply.isGone)
        reply.fail(error instanceof KvError ? error : new KvError('INTERNAL', 'the dump failed', { cause: error }));
    } finally {
      forget();
      backlog.remove(this.#heldBytes);
    }
  }

  /** The node is closing. */
  giveUp(): void {
    this.#failure ??= new KvError('STOPPING', 'this node is stopping, so the dump has to begin again');
    this.#parts.reply.fail(this.#failure);
    this.#parts.reply.onClosed();
  }

  /** @param forget called when the position is read that the dump shows: what is applied afterwards is no part of it. */
  async #copy(forget: () => void): Promise<DumpEnd> {
    const { nodeId, replica, paces } = this.#parts;
    const { keyCount: keys, dataBytes } = replica.storage;
    await this.#send(encodeBegin({ position: this.#base, epoch: this.#epoch, keys, dataBytes, nodeId }));
    for await (const _ of replica.storage.scan(messageBytes, (record) => this.#addStored(record))) {
      this.#check();
      const bytes = this.#scannedBytes;
      this.#scannedBytes = 0;
      const nowMs = performance.now();
      const pauseMs = Math.max(...paces.map((pace) => pace.pauseMs(bytes, nowMs)));
      await Promise.all([this.#sendWaiting(), pause(pauseMs)]);
      for (const pace of paces) pace.paused(performance.now());
    }
    this.#check();
    const { position } = replica;
    if (position === undefined) throw notPrimary();
    forget();
    return { position, timeMs: Math.floor(replica.timeMs(performance.now())) };
  }

  /** A replica that is no longer primary may have applied entries of another epoch. */
  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#parts.replica.isPrimaryIn(this.#epoch)) throw notPrimary();
    if (this.#parts.reply.isGone) throw new KvError('CANCELLED', 'the client has gone');
  }

  /** What is newer than the base comes as a write as well. */
  #addStored(record: RecordView): void {
    if (record.version > this.#base.seq) return;
    const before = this.#writer.bytes;
    this.#writer.addStored(record);
    this.#scannedBytes += this.#writer.bytes - before;
    this.#added(before);
  }

  #addWrites(entries: readonly LogEntry[]): void {
    if (this.#failure !== undefined || this.#parts.reply.isGone) return;
    for (const { seq, writes } of entries) {
      for (const { key, value, expiresAtMs } of writes) {
        const before = this.#writer.bytes;
        this.#writer.addWrite(key, value, seq, expiresAtMs);
        this.#added(before);
      }
    }
  }

  #added(bytesBefore: number): void {
    const bytes = this.#writer.bytes - bytesBefore;
    this.#heldBytes += bytes;
    this.#failure ??= this.#parts.backlog.add(bytes);
    if (this.#writer.bytes >= messageBytes) this.#endMessage();
    if (this.#failure !== undefined) this.#parts.reply.onDrain();
  }

  #endMessage(): void {
    if (this.#writer.bytes > 0) this.#waiting.push(this.#writer.take());
  }

  /** Sends what has been added so far. */
  async #sendWaiting(): Promise<void> {
    this.#endMessage();
    const messages = this.#waiting;
    this.#waiting = [];
    for (const message of messages) {
      await this.#send(message);
      this.#check();
      this.#heldBytes -= message.length;
      this.#parts.backlog.remove(message.length);
    }
  }

  async #send(message: Buffer): Promise<void> {
    const { reply } = this.#parts;
    const timer = setTimeout(() => {
      this.#failure ??= new KvError('OVERLOADED', `the client has read nothing of the dump for ${silentMs / 1_000} s`);
      reply.onDrain();
    }, silentMs);
    await reply.send(message);
    clearTimeout(timer);
    if (this.#failure !== undefined) throw this.#failure;
  }
}
