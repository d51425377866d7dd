/**
 * A few sessions that read. Gets of one turn of the event loop, and those that arrive while every session is busy, become one statement:
 * a round trip costs more than a row.
 *
 * A page of many rows may take long, so scans leave one session to everything else.
 *
 * When a session fails, everything that waits fails with it: callers try again with pauses, and the database may be away.
 */
import { DatabaseError } from '../database/state-database.js';
import type { StoredHead, StoredValue } from '../storage.js';
import { boolArray, byteaArray, int4Array } from './binary-arrays.js';
import { isRefusedStatement } from './postgres-errors.js';
import { type Columns, PostgresSession, type SessionOptions, type SqlStatement } from './postgres-session.js';
import { getMany } from './statements.js';
import type { UseOfDatabase } from './use-of-database.js';

/** Bounds the memory of one answer. */
const mostGetsAtOnce = 128;

interface Get {
  readonly shard: number;
  readonly key: string;
  readonly wantsValue: boolean;
  resolve(row: StoredValue | StoredHead | undefined): void;
  reject(error: Error): void;
}

/** Gets, or another statement. */
interface Work {
  readonly gets?: Get[];
  /** It may take long. */
  readonly isScan: boolean;
  run(session: PostgresSession): Promise<void>;
  reject(error: Error): void;
}

export class ReadSessions {
  readonly #use: UseOfDatabase;
  readonly #options: SessionOptions;
  readonly #most: number;
  readonly #queue: Work[] = [];
  readonly #idle: PostgresSession[] = [];
  readonly #all = new Set<PostgresSession>();
  /** Work under way, at most one for each session. */
  #busy = 0;
  /** The part of it that is scans. */
  #scans = 0;
  #turn: NodeJS.Immediate | undefined;
  #closed = false;

  /** @param most the number of sessions */
  constructor(use: UseOfDatabase, options: SessionOptions, most: number) {
    this.#use = use;
    this.#options = options;
    this.#most = most;
  }

  get(shard: number, key: string): Promise<StoredValue | undefined> {
    return this.#get(shard, key, true) as Promise<StoredValue | undefined>;
  }

  head(shard: number, key: string): Promise<StoredHead | undefined> {
    return this.#get(shard, key, false);
  }

  /** Executes a statement that is answered at once. @throws DatabaseError */
  query(statement: SqlStatement, values: readonly unknown[]): Promise<readonly Columns[]> {
    return this.#query(statement, values, false);
  }

  /** Executes a statement that may take long. @throws DatabaseError */
  scan(statement: SqlStatement, values: readonly unknown[]): Promise<readonly Columns[]> {
    return this.#query(statement, values, true);
  }

  #query(statement: SqlStatement, values: readonly unknown[], isScan: boolean): Promise<readonly Columns[]> {
    return new Promise((resolve, reject) => {
      this.#add({ isScan, run: async (session) => resolve(await session.query(statement, values)), reject });
    });
  }

  #get(shard: number, key: string, wantsValue: boolean): Promise<StoredHead | undefined> {
    return new Promise((resolve, reject) => {
      const get = { shard, key, wantsValue, resolve, reject };
      const gets = this.#queue.at(-1)?.gets;
      if (gets !== undefined && gets.length < mostGetsAtOnce) gets.push(get);
      else this.#add(batchOf([get]));
    });
  }

  #add(work: Work): void {
    this.#queue.push(work);
    if (this.#closed) this.#failAll(new DatabaseError('the database is closed'));
    else this.#turn ??= setImmediate(() => this.#beginWork());
  }

  #beginWork(): void {
    this.#turn = undefined;
    while (this.#busy < this.#most) {
      const work = this.#next();
      if (work === undefined) return;
      void this.#do(work);
    }
  }

  /** The oldest work that may begin now. */
  #next(): Work | undefined {
    const mayScan = this.#scans < Math.max(1, this.#most - 1);
    const index = this.#queue.findIndex(({ isScan }) => !isScan || mayScan);
    return index < 0 ? undefined : this.#queue.splice(index, 1)[0];
  }

  async #do(work: Work): Promise<void> {
    this.#busy += 1;
    if (work.isScan) this.#scans += 1;
    let session: PostgresSession | undefined;
    try {
      this.#use.check();
      session = this.#idle.pop();
      if (session?.isOpen !== true) session = await this.#open();
      await work.run(session);
    } catch (error) {
      const explanation = this.#use.explain(error);
      work.reject(explanation);
      if (!isRefusedStatement(error)) {
        session?.destroy(explanation);
        this.#failAll(explanation);
      }
    } finally {
      this.#busy -= 1;
      if (work.isScan) this.#scans -= 1;
      if (session?.isOpen === true) this.#idle.push(session);
      else if (session !== undefined) this.#all.delete(session);
      this.#beginWork();
    }
  }

  async #open(): Promise<PostgresSession> {
    const session = await PostgresSession.open(this.#options);
    this.#all.add(session);
    // The server may be another one since the last session ended.
    await this.#use.checkSession(session);
    return session;
  }

  #failAll(error: Error): void {
    for (const work of this.#queue.splice(0)) work.reject(error);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#failAll(new DatabaseError('the database is closed'));
    await Promise.all([...this.#all].map((session) => session.close()));
  }
}

function batchOf(gets: Get[]): Work {
  return {
    gets,
    isScan: false,
    async run(session) {
      const found = await session.query(getMany, [
        int4Array(gets.map(({ shard }) => shard)),
        byteaArray(gets.map(({ key }) => key)),
        boolArray(gets.map(({ wantsValue }) => wantsValue)),
      ]);
      for (const row of found) {
        const [number, version, expires, value] = row as [number, number, number | null, Buffer | null];
        const head = { version, expiresAtMs: expires ?? undefined };
        gets[number - 1]!.resolve(value === null ? head : { ...head, value });
      }
      // Those that are resolved stay as they are.
      for (const get of gets) get.resolve(undefined);
    },
    reject(error) {
      for (const get of gets) get.reject(error);
    },
  };
}
