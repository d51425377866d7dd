/**
 * The state of a node's replicas in PostgreSQL: one database or schema for each node, with tables that people can query
 * (docs/postgres.md).
 *
 * One session writes, and holds a lock by which no other process uses the tables. A few others read. Commits are flushed
 * (`synchronous_commit = on`). Each write is counted in the database, and a session whose count is not that of this process shows that
 * the database is an older copy, or that another process has written to it: then it is lost.
 */
import type { DueKey } from '../../replication/index.js';
import {
  type CopyPosition,
  DatabaseError,
  type FoundCopy,
  type Row,
  type RowPage,
  type RowTotals,
  type ShardCommit,
  type StateDatabase,
} from '../database/state-database.js';
import type { RangeQuery, StoredHead, StoredValue } from '../storage.js';
import { byteaArray, int4Array, int8Array } from './binary-arrays.js';
import { readFoundCopies } from './found-copies.js';
import { claim, type DatabaseIdentity } from './node-identity.js';
import type { Columns, SessionOptions } from './postgres-session.js';
import { targetOf } from './postgres-url.js';
import { ReadSessions } from './read-sessions.js';
import { createSchema, migrate } from './schema.js';
import { begin, commit, earliest, measureSize, pageDown, pageUp, ping, removeSome } from './statements.js';
import { UseOfDatabase } from './use-of-database.js';
import { WriteSession } from './write-session.js';

export interface PostgresOptions {
  /** See postgres-url.ts. */
  readonly url: string;
  readonly identity: DatabaseIdentity;
  /** Sessions that read; one more writes. At least 1; default 2. */
  readonly readConnections?: number;
  /** The limit of one call, in ms: after that its session is given up. Default 10,000. */
  readonly callTimeoutMs?: number;
  /** The limit for opening a connection, in ms. Default 5,000. */
  readonly connectTimeoutMs?: number;
}

const defaultReadConnections = 2;
const defaultCallTimeoutMs = 10_000;
const defaultConnectTimeoutMs = 5_000;
const measureAgainMs = 60_000;
const firstKey = Buffer.alloc(0);
/** UTF-8 has no such byte. */
const afterLastKey = Buffer.of(0xff);

export class PostgresDatabase implements StateDatabase {
  readonly kind = 'postgres';
  readonly found: readonly FoundCopy[];
  readonly failure: Promise<Error>;
  readonly #use: UseOfDatabase;
  readonly #writer: WriteSession;
  readonly #readers: ReadSessions;
  /** For each shard whose rows are being removed: the last key that was. Rows that are gone cost time until PostgreSQL tidies up. */
  readonly #removed = new Map<number, Buffer>();
  #sizeBytes: number | undefined;
  #measuredMs = -Infinity;

  /** @throws DatabaseError; `isLost`: trying again is of no use before somebody has done what it says */
  static async open(options: PostgresOptions): Promise<PostgresDatabase> {
    const use = new UseOfDatabase(targetOf(options.url));
    const sessions: SessionOptions = {
      url: options.url,
      applicationName: `kvnode ${options.identity.nodeId}`,
      connectTimeoutMs: options.connectTimeoutMs ?? defaultConnectTimeoutMs,
      callTimeoutMs: options.callTimeoutMs ?? defaultCallTimeoutMs,
    };
    const writer = new WriteSession(use, sessions);
    try {
      const found = await writer.open(createSchema, async (session) => {
        await migrate(session);
        await claim(session, options.identity);
        return await readFoundCopies(session);
      });
      const readers = new ReadSessions(use, sessions, options.readConnections ?? defaultReadConnections);
      return new PostgresDatabase(use, writer, readers, found);
    } catch (error) {
      throw use.explain(error);
    }
  }

  private constructor(use: UseOfDatabase, writer: WriteSession, readers: ReadSessions, found: readonly FoundCopy[]) {
    this.#use = use;
    this.#writer = writer;
    this.#readers = readers;
    this.found = found;
    this.failure = use.failure;
    this.#maybeMeasure();
  }

  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  async begin(shard: number, position: CopyPosition | undefined): Promise<void> {
    await this.#writer.write(begin, [JSON.stringify({ shard, ...position })]);
    this.#removed.delete(shard);
  }

  async removeSome(shard: number, most: number): Promise<number> {
    const from = this.#removed.get(shard) ?? firstKey;
    const [row] = await this.#writer.write(removeSome, [shard, from, most]);
    const [count, last] = row as [number, Buffer | null];
    if (last === null) this.#removed.delete(shard);
    else this.#removed.set(shard, last);
    return count;
  }

  async commit(changes: readonly ShardCommit[]): Promise<readonly RowTotals[]> {
    if (changes.length === 0) return [];
    const placed = await this.#writer.write(commit, valuesOf(changes));
    const totals = new Map(placed.map((row) => totalsOf(row)));
    this.#maybeMeasure();
    return changes.map(({ shard }) => {
      const found = totals.get(shard);
      if (found === undefined) throw new DatabaseError(`shard ${shard} has no copy in the database`, { isLost: true });
      return found;
    });
  }

  /** Every commit was flushed before it was answered. */
  async flush(): Promise<void> {
    this.#use.check();
  }

  get(shard: number, key: string): Promise<StoredValue | undefined> {
    return this.#readers.get(shard, key);
  }

  head(shard: number, key: string): Promise<StoredHead | undefined> {
    return this.#readers.head(shard, key);
  }

  async page(shard: number, { from, to, reverse = false, most, maxBytes, keysOnly = false }: RangeQuery): Promise<RowPage> {
    const bounds = [Buffer.from(from), to === undefined ? afterLastKey : Buffer.from(to)];
    const found = await this.#readers.scan(reverse ? pageDown : pageUp, [shard, ...bounds, most, maxBytes, keysOnly]);
    const rows = found.slice(0, most).map((row): Row => {
      const [key, value, version, expires] = row as [Buffer, Buffer, number, number | null];
      return { key: key.toString(), value, version, expiresAtMs: expires ?? undefined };
    });
    // The statement looks at one row more than the page may have.
    const looked = (found[0]?.[4] ?? 0) as number;
    return { rows, isExhausted: rows.length === looked };
  }

  async earliest(shard: number, most: number): Promise<readonly DueKey[]> {
    const rows = await this.#readers.scan(earliest, [shard, most]);
    return rows.map((row) => {
      const [key, expiresAtMs] = row as [Buffer, number];
      return { key: key.toString(), expiresAtMs };
    });
  }

  async ping(): Promise<void> {
    await this.#readers.query(ping, []);
  }

  async close(): Promise<void> {
    await Promise.all([this.#readers.close(), this.#writer.close()]);
  }

  #maybeMeasure(): void {
    if (performance.now() < this.#measuredMs + measureAgainMs) return;
    this.#measuredMs = performance.now();
    this.#readers.scan(measureSize, []).then(
      ([row]) => {
        this.#sizeBytes = row?.[0] as number;
      },
      () => {},
    );
  }
}

/** The values of the statement `commit` from $3 on. */
function valuesOf(changes: readonly ShardCommit[]): readonly unknown[] {
  const shards = changes.flatMap(({ shard, rows }) => rows.map(() => shard));
  const rows = changes.flatMap((change) => change.rows);
  const parts = changes.filter(({ requests }) => requests !== undefined);
  return [
    int4Array(shards),
    byteaArray(rows.map(({ key }) => key)),
    byteaArray(rows.map(({ value }) => value)),
    int8Array(rows.map(({ version }) => version)),
    int8Array(rows.map(({ expiresAtMs }) => expiresAtMs)),
    JSON.stringify(changes.map(({ shard, position }) => ({ shard, ...position }))),
    int4Array(parts.filter(({ requests }) => requests!.isWhole).map(({ shard }) => shard)),
    int4Array(parts.map(({ shard }) => shard)),
    byteaArray(parts.map(({ requests }) => requests!.bytes)),
  ];
}

function totalsOf(row: Columns): [number, RowTotals] {
  const [shard, keys, expiring, bytes] = row as [number, number, number, number];
  return [shard, { keys, expiring, bytes }];
}
