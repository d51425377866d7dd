/**
 * The data directory of a node: its lock, whom its data belongs to, and how the process before this one ended.
 *
 * The folder belongs to one node of one cluster from its first use on. It keeps the id of its node, so a node whose address changes
 * stays the same node. A folder that is of another node, of another cluster or of a newer format, or is no folder of kvnode, is
 * refused and left as it is. `wal`, and `snapshots` or a database, hold the data
 * itself. Of which kind the database is, if there is one, stays the same for good as well.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Edition } from '../../coordination/index.js';
import { isNoSpace } from '../../storage/wal/index.js';
import { packageVersion } from '../../version.js';
import { DiskCalls } from './disk-calls.js';
import { createFolder, overwriteFile, replaceFile } from './durable-file.js';
import { failedCall, unusable } from './folder-error.js';
import {
  decodeEditions,
  decodeFolderIdentity,
  decodeRun,
  encodeEditions,
  encodeFolderIdentity,
  encodeRun,
  type FolderDatabase,
  type FolderIdentity,
  type FolderRun,
} from './folder-files.js';
import { FolderLock } from './folder-lock.js';
import { type FolderOwner, newDatabase, problemOfOwner } from './folder-owner.js';
import type { StateKind } from './state-kind.js';

const identityFile = 'kvnode.json';
const runFile = 'run.json';
const editionsFile = 'editions.json';
/** What may be in a folder that no node has used: `lost+found` is at the top of a new file system. */
const allowedInNew: ReadonlySet<string> = new Set(['lock', 'lost+found', `${identityFile}.tmp`]);
/** What a node writes after `kvnode.json`. */
const dataFolders: ReadonlySet<string> = new Set(['wal', 'snapshots', 'state', runFile, editionsFile]);

export class DataFolder {
  readonly path: string;
  /** When the folder was locked, on the clock of `performance.now()`: no earlier process has run since. */
  readonly lockedMs = performance.now();
  readonly #lock: FolderLock;
  readonly #lastRun: FolderRun | undefined;
  readonly #bootId: string | undefined;
  readonly #calls: DiskCalls;
  /** No node had used the folder before this process. */
  readonly isNew: boolean;
  #editions: readonly Edition[];
  #identity: FolderIdentity | undefined;
  #began = false;
  #closed = false;
  /** Resolves after the last change of whom the folder belongs to, or in which format. */
  #changed: Promise<void> = Promise.resolve();

  /** Creates the folder if it is missing, and locks it. @throws KvError DATA_UNAVAILABLE */
  static async open(path: string, calls = new DiskCalls()): Promise<DataFolder> {
    try {
      await calls.during(createFolder(path));
    } catch (error) {
      throw failedCall(path, 'create the folder', error);
    }
    const lock = FolderLock.take(path);
    try {
      const identity = await calls.during(readIdentity(path));
      const lastRun = await calls.during(readOptional(path, runFile, decodeRun));
      const editions = await calls.during(readOptional(path, editionsFile, decodeEditions));
      return new DataFolder(path, lock, identity, lastRun, await readBootId(), calls, editions ?? []);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(
    path: string,
    lock: FolderLock,
    identity: FolderIdentity | undefined,
    lastRun: FolderRun | undefined,
    bootId: string | undefined,
    calls: DiskCalls,
    editions: readonly Edition[],
  ) {
    this.path = path;
    this.#lock = lock;
    this.#identity = identity;
    this.isNew = identity === undefined;
    this.#editions = editions;
    this.#lastRun = lastRun;
    this.#bootId = bootId;
    this.#calls = calls;
  }

  /** Undefined: no node has used the folder yet. */
  get identity(): FolderIdentity | undefined {
    return this.#identity;
  }

  /**
   * Whether writes may be missing that were not flushed: the machine has stopped since then, and the process was not stopped in order.
   * What a process has written survives its own end.
   */
  get mayLackUnflushed(): boolean {
    if (this.isNew || this.#lastRun?.clean === true) return false;
    return this.#bootId === undefined || this.#lastRun?.bootId !== this.#bootId;
  }

  /**
   * From now on the folder belongs to this node, and its data is where `state` says. Then it may be written to.
   * @throws KvError DATA_UNAVAILABLE
   */
  claim(owner: FolderOwner, state: StateKind = 'memory'): Promise<void> {
    return this.#inTurn(() => this.#claim(owner, state));
  }

  /**
   * The cluster uses a newer format from now on. Resolves once the folder names it, so that a version of kvnode that does not support the
   * format refuses the folder. Before that, `identity` names the older format. The log may have entries in the newer one by then: a process
   * of an older version that is started after a crash at that moment is refused by `config` in ZooKeeper, before it reads them.
   * @throws KvError DATA_UNAVAILABLE
   */
  raiseFormat(formatVersion: number): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#identity;
      if (known === undefined || known.cluster.formatVersion >= formatVersion || this.#closed) return;
      const cluster = { ...known.cluster, formatVersion, kvnodeVersion: packageVersion() };
      await this.#write('record the format', () => this.#keepIdentity({ ...known, cluster }));
    });
  }

  /** See `encodeEditions`. Empty: the folder has never had one. */
  get editions(): readonly Edition[] {
    return this.#editions;
  }

  /** Resolves once the folder names them. @throws KvError DATA_UNAVAILABLE */
  keepEditions(editions: readonly Edition[]): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) return;
      await this.#write('record the edition', () => this.#replace(editionsFile, encodeEditions(editions)));
      this.#editions = editions;
    });
  }

  async #claim({ nodeId, cluster }: FolderOwner, state: StateKind): Promise<void> {
    const known = this.#identity;
    const problem = known && problemOfOwner(known, { nodeId, cluster }, state);
    if (problem !== undefined) throw unusable(this.path, problem);
    await this.#write('claim the folder', async () => {
      await this.#keepIdentity({ nodeId, cluster, database: known?.database ?? newDatabase(state) });
      // What this process is going to write may be lost if the machine stops. Until `began` the boot id stays that of the last run.
      if (this.#lastRun === undefined || this.#lastRun.clean) await this.#writeRun(false);
    });
  }

  /** From now on the data is in this database; undefined: in memory and snapshot files. Everything must be there, and flushed. */
  changeState(database: FolderDatabase | undefined): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#identity!;
      await this.#write('record where the data is', () => this.#keepIdentity({ ...known, database }));
    });
  }

  /** The data is recovered, and what that has changed is flushed: a crash of this process loses nothing. */
  async began(): Promise<void> {
    await this.#write('record the start', () => this.#writeRun(false));
    this.#began = true;
  }

  /** Idempotent. `clean`: everything in the folder is flushed. */
  async close(clean: boolean): Promise<void> {
    this.#closed = true;
    await this.#changed;
    try {
      if (clean && this.#began) await this.#write('record the stop', () => this.#writeRun(true));
    } finally {
      this.#began = false;
      this.#lock.release();
    }
  }

  /** The format that the cluster uses may have grown since the last start. */
  async #keepIdentity(identity: FolderIdentity): Promise<void> {
    const text = encodeFolderIdentity(identity);
    const known = this.#identity;
    if (known === undefined || encodeFolderIdentity(known) !== text) await replaceFile(join(this.path, identityFile), text);
    this.#identity = identity;
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const changing = this.#changed.then(change);
    this.#changed = changing.catch(() => {});
    return changing;
  }

  #writeRun(clean: boolean): Promise<void> {
    return this.#replace(runFile, encodeRun({ bootId: this.#bootId, clean }));
  }

  /** A full disk must not keep a node from its data: the file is overwritten in its place if there is no room for a new one. */
  async #replace(name: string, text: string): Promise<void> {
    const file = join(this.path, name);
    try {
      await replaceFile(file, text);
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      await overwriteFile(file, text).catch((reason: unknown) => {
        throw isMissing(reason) ? error : reason;
      });
    }
  }

  async #write(what: string, write: () => Promise<void>): Promise<void> {
    try {
      await this.#calls.during(write());
    } catch (error) {
      throw failedCall(this.path, what, error);
    }
  }
}

async function readIdentity(path: string): Promise<FolderIdentity | undefined> {
  const identity = await readOptional(path, identityFile, decodeFolderIdentity);
  if (identity !== undefined) return identity;
  const found = (await readdir(path)).filter((name) => !allowedInNew.has(name));
  if (found.length === 0) return undefined;
  if (found.every((name) => dataFolders.has(name)))
    throw unusable(path, `${identityFile} is missing, so it is not known whose data this is. Restore the whole folder`);
  throw unusable(path, `the folder is not empty and not one of kvnode: it contains ${found[0]}. Use an empty folder`);
}

async function readOptional<Content>(
  path: string,
  name: string,
  decode: (text: string) => Content,
): Promise<Content | undefined> {
  let text: string;
  try {
    text = await readFile(join(path, name), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw failedCall(path, `read ${name}`, error);
  }
  try {
    return decode(text);
  } catch (error) {
    throw unusable(path, `${name} ${(error as Error).message}`, error);
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

async function readBootId(): Promise<string | undefined> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    // Not Linux: every unclean stop counts as one of the machine.
    return undefined;
  }
}
