/** Copies of one shard in memory, whose replicas apply the same log at different times, and which can be damaged. */
import { setImmediate as turn } from 'node:timers/promises';
import type { CopyClient } from '../../src/cli/kvctl/state/replica-copy.js';
import type { KvError } from '../../src/errors.js';
import type { CheckedReplica } from '../../src/node/copies/checked-replica.js';
import { CopyServer } from '../../src/node/copies/copy-server.js';
import { MoveRate } from '../../src/node/peers/snapshot-pace.js';
import type { KeyWrite, LogEntry } from '../../src/replication/index.js';
import type { RecordView, StoredValue } from '../../src/storage/index.js';
import { ReplyStream } from '../../src/transport/index.js';
import {
  readCopyRequestTable,
  readCopyResponseTable,
  type ScanCopyRequest,
  type ScanCopyResponse,
  scanCopyRequestTable,
  scanCopyResponseTable,
} from '../../src/wire/copies/copy-messages.js';

export class ModelCopy implements CheckedReplica {
  readonly replicaId: string;
  readonly items = new Map<string, StoredValue>();
  readonly #log: readonly LogEntry[];
  /** Entries up to here were dropped from the memory of the log. */
  droppedSeq = 0;
  appliedSeq = 0;
  resets = 0;
  isComplete = true;
  /** Values come by a promise, as from PostgreSQL. */
  isRemote = false;
  /** Its database gives no answer. */
  isSilent = false;

  constructor(name: string, log: readonly LogEntry[]) {
    this.replicaId = `${name}~1`;
    this.#log = log;
  }

  readonly storage = {
    get: (key: string): StoredValue | undefined | Promise<StoredValue | undefined> => {
      const found = this.items.get(key);
      if (this.isSilent) return new Promise(() => {});
      return this.isRemote ? turn(found) : found;
    },
    scan: (chunkBytes: number, take: (record: RecordView) => void) => this.#scan(chunkBytes, take),
    keyCount: 0,
    dataBytes: 0,
  };

  get copy() {
    return this.isComplete ? { history: 'h', seq: this.appliedSeq, resets: this.resets } : undefined;
  }

  retainedEntries(throughSeq: number, most: number): readonly LogEntry[] {
    const last = Math.min(throughSeq, this.appliedSeq);
    return this.#log.slice(Math.max(this.droppedSeq, last - most), last);
  }

  applyThrough(seq: number): void {
    for (; this.appliedSeq < Math.min(seq, this.#log.length); this.appliedSeq += 1) {
      const { writes, seq: version } = this.#log[this.appliedSeq]!;
      for (const { key, value, expiresAtMs } of writes) {
        if (value === undefined) this.items.delete(key);
        else this.items.set(key, { value, version, expiresAtMs });
      }
    }
    this.storage.keyCount = this.items.size;
  }

  async *#scan(chunkBytes: number, take: (record: RecordView) => void): AsyncIterable<void> {
    if (this.isSilent) await new Promise(() => {});
    let bytes = 0;
    for (const key of [...this.items.keys()]) {
      const item = this.items.get(key);
      if (item === undefined) continue;
      const name = Buffer.from(key, isBroken(key) ? 'latin1' : 'utf8');
      const memory = Buffer.concat([name, item.value]);
      const { version, expiresAtMs } = item;
      take({ memory, keyStart: 0, keyEnd: name.length, valueStart: name.length, valueEnd: memory.length, version, expiresAtMs });
      bytes += memory.length + 1_000;
      if (bytes < chunkBytes) continue;
      bytes = 0;
      yield;
    }
    yield;
  }
}

/** A key whose bytes are no UTF-8. */
function isBroken(key: string): boolean {
  return key.includes('\u00ff');
}

export class ModelShard {
  readonly #log: LogEntry[] = [];
  readonly copies: readonly ModelCopy[];
  readonly client: CopyClient;

  constructor(names: readonly string[]) {
    this.copies = names.map((name) => new ModelCopy(name, this.#log));
    const servers = new Map(names.map((name, index) => [name, this.#serverOf(name, this.copies[index]!)]));
    this.client = {
      readCopy: async (name, request) => {
        const read = servers.get(name)!.read(readCopyRequestTable.decode(readCopyRequestTable.encode(request)));
        return readCopyResponseTable.decode(readCopyResponseTable.encode(await read));
      },
      scanCopy: (name, request) => scanOf(servers.get(name)!, request),
    };
  }

  get lastSeq(): number {
    return this.#log.length;
  }

  /** One entry, which the first copy applies at once. An undefined value deletes its key. */
  write(writes: Readonly<Record<string, string | undefined>>, expiresAtMs?: number): void {
    const keyWrites = Object.entries(writes).map(([key, value]): KeyWrite => {
      return { key, value: value === undefined ? undefined : Buffer.from(value), expiresAtMs };
    });
    this.#log.push({ seq: this.#log.length + 1, epoch: 1, writes: keyWrites });
    this.copies[0]!.applyThrough(this.#log.length);
  }

  applyEverywhere(): void {
    for (const copy of this.copies) copy.applyThrough(this.#log.length);
  }

  #serverOf(nodeId: string, replica: ModelCopy): CopyServer {
    const rate = new MoveRate(Number.MAX_SAFE_INTEGER);
    return new CopyServer({ nodeId, shardCount: 1, rate, waitMs: 1_000, replicaAt: () => replica });
  }
}

async function* scanOf(server: CopyServer, request: ScanCopyRequest): AsyncGenerator<ScanCopyResponse, void> {
  const waiting: Buffer[] = [];
  let failure: KvError | undefined;
  let isOver = false;
  server.scan(
    scanCopyRequestTable.decode(scanCopyRequestTable.encode(request)),
    new ReplyStream({
      send: (bytes) => waiting.push(bytes as Buffer) > 0,
      end: () => {
        isOver = true;
      },
      fail: (error) => {
        failure = error;
      },
    }),
  );
  for (;;) {
    const next = waiting.shift();
    if (next !== undefined) yield scanCopyResponseTable.decode(next);
    else if (failure !== undefined) throw failure;
    else if (isOver) return;
    else await turn();
  }
}
