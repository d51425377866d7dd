/**
 * Moves the data of a stopped node from one kind of state store to another.
 *
 * The log stays as it is. It continues the base copies, so only these are converted: each is written under the name that the log has for
 * it, and flushed. Then `kvnode.json` names the new kind, in one step, and what is left of the old kind is removed. A crash before that
 * step leaves the data as it was. A crash after it leaves files of the old kind, which the next call removes.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { StateDatabase } from '../../storage/database/index.js';
import { SnapshotFiles, type SnapshotThread } from '../../storage/snapshots/index.js';
import { DamageMark } from '../data/damage-mark.js';
import { DataFolder } from '../data/data-folder.js';
import { createFolder } from '../data/durable-file.js';
import { unusable } from '../data/folder-error.js';
import type { FolderDatabase, FolderIdentity } from '../data/folder-files.js';
import { newDatabase } from '../data/folder-owner.js';
import type { SurveyedReplica } from '../data/log-survey.js';
import { snapshotFolder } from '../data/memory-states.js';
import { checkNeededCopies } from '../data/needed-copies.js';
import { databaseFolder, openDatabase } from '../data/open-states.js';
import { surveyLog } from '../data/recover-data.js';
import type { StateKind } from '../data/state-kind.js';
import { readNote, removeNote, writeNote } from './conversion-note.js';
import { copyInDatabase, copyInFiles, isDamage, type ReadCopy } from './source-copies.js';
import { intoDatabase, intoFiles, removeRows, type WriteCopy } from './target-copies.js';

export interface ConversionOptions {
  readonly path: string;
  readonly to: StateKind;
  /** Of PostgreSQL, if the data comes from there or goes there. */
  readonly url: string | undefined;
  readonly logger: Logger;
  /** Default: a thread of the process. */
  readonly snapshotThread?: SnapshotThread;
  /** Default: those of a node. */
  readonly openDatabase?: typeof openDatabase;
  /** Called with the number of keys that were written since the call before. */
  onKeys(keys: number): void;
}

export interface Conversion {
  readonly nodeId: string;
  readonly clusterId: string;
  readonly from: StateKind;
  readonly to: StateKind;
  /** Copies of shards that were converted. The log has all the data of others. */
  readonly copies: number;
  readonly keys: number;
}

const cacheBytes = 64 * 1024 * 1024;

/** @throws KvError DATA_UNAVAILABLE; then the data is as before, or the conversion is complete but for files of the old kind */
export async function convertFolder(options: ConversionOptions): Promise<Conversion> {
  const { path, to } = options;
  if (!existsSync(path)) throw unusable(path, 'there is no such folder');
  const folder = await DataFolder.open(path);
  try {
    const { identity } = folder;
    if (identity === undefined) throw unusable(path, 'no node has used the folder yet: start one with --state and this folder');
    const from = kindOf(identity);
    const { nodeId, cluster } = identity;
    const facts = { nodeId, clusterId: cluster.clusterId, from, to };
    const done = from === to ? { copies: 0, keys: 0 } : await convert(folder, identity, options);
    await removeOthers(path, to);
    return { ...facts, ...done };
  } finally {
    await folder.close(false);
  }
}

function kindOf({ database }: FolderIdentity): StateKind {
  return database?.kind ?? 'memory';
}

async function convert(folder: DataFolder, identity: FolderIdentity, options: ConversionOptions) {
  const { path, to } = options;
  const replicas = await surveyedReplicas(path, identity);
  const database = await prepare(path, to);
  const source = await open(identity.database, identity, options);
  try {
    source.check(replicas);
    const target = await open(database, identity, options);
    try {
      const done = await convertCopies(replicas, source.read, target.write, options);
      await target.finish(new Set(replicas.map(({ replica }) => replica.shard)));
      await folder.changeState(database);
      return done;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function surveyedReplicas(path: string, identity: FolderIdentity): Promise<readonly SurveyedReplica[]> {
  const { nodeId, cluster, database } = identity;
  const repair = `start the node with --state ${kindOf(identity)} once: it repairs the log`;
  if (new DamageMark(path).isSet) throw unusable(path, `the log is damaged: ${repair}`);
  const place = { folder: join(path, 'wal'), owner: { clusterId: cluster.clusterId, nodeId } };
  await createFolder(place.folder);
  const { scan, replicas } = await surveyLog(place, database !== undefined);
  if (scan.outcome.kind === 'damaged') throw unusable(path, `the log is damaged (${scan.outcome.reason}): ${repair}`);
  return replicas;
}

/** Removes what an earlier attempt has left in the folder. @returns the database into which the data goes. */
async function prepare(path: string, to: StateKind): Promise<FolderDatabase | undefined> {
  await removeOf(path, to);
  if (to === 'memory') return undefined;
  const database = (await readNote(path, to)) ?? newDatabase(to)!;
  await writeNote(path, database);
  return database;
}

interface OpenStore {
  /** Checks the source. @throws KvError DATA_UNAVAILABLE if the copies cannot be there */
  check(replicas: readonly SurveyedReplica[]): void;
  readonly read: ReadCopy;
  readonly write: WriteCopy;
  /** Flushes what was written, and forgets the copies of other shards. */
  finish(shards: ReadonlySet<number>): Promise<void>;
  close(): Promise<void>;
}

async function open(
  database: FolderDatabase | undefined,
  identity: FolderIdentity,
  options: ConversionOptions,
): Promise<OpenStore> {
  const { path, url, logger, snapshotThread } = options;
  const { clusterId } = identity.cluster;
  if (database === undefined) return openFiles(path, clusterId, snapshotThread);
  if (database.kind === 'postgres' && url === undefined) throw unusable(path, 'pass the URL of PostgreSQL with --postgres');
  const opening = options.openDatabase ?? openDatabase;
  return openRows(database.kind, await opening({ path, identity, url, memory: { cacheBytes }, logger }, database));
}

async function openFiles(path: string, clusterId: string, thread: SnapshotThread | undefined): Promise<OpenStore> {
  const folder = join(path, snapshotFolder);
  await createFolder(folder);
  const files = new SnapshotFiles(folder, thread);
  return {
    check: () => {},
    read: copyInFiles(files, clusterId),
    write: intoFiles(files, clusterId),
    // A file is flushed when it is complete.
    finish: async () => {},
    close: () => files.close(),
  };
}

function openRows(kind: FolderDatabase['kind'], database: StateDatabase): OpenStore {
  return {
    check: (replicas) => checkNeededCopies(kind, database, replicas),
    read: copyInDatabase(database),
    write: intoDatabase(database),
    finish: async (shards) => {
      for (const { shard } of database.found) {
        if (shards.has(shard)) continue;
        await database.begin(shard, undefined);
        await removeRows(database, shard);
      }
      await database.flush();
    },
    close: () => database.close(),
  };
}

async function convertCopies(
  replicas: readonly SurveyedReplica[],
  read: ReadCopy,
  write: WriteCopy,
  { path, onKeys }: ConversionOptions,
): Promise<Pick<Conversion, 'copies' | 'keys'>> {
  let copies = 0;
  let keys = 0;
  for (const replica of replicas) {
    try {
      const copy = await read(replica);
      if (copy === undefined) continue;
      const count = (items: number): void => {
        keys += items;
        onKeys(items);
      };
      await write(copy, count).finally(() => copy.close());
      copies += 1;
    } catch (error) {
      if (!isDamage(error)) throw error;
      const { shard } = replica.replica;
      const remedy = 'start the node once as it was: it discards this copy, and takes a new one from the primary';
      throw unusable(path, `the copy of shard ${shard} cannot be read (${error.message}): ${remedy}`, error);
    }
  }
  return { copies, keys };
}

/** Removes what a conversion has left that ended after its last step. Rows in PostgreSQL stay: the database is not of this folder. */
async function removeOthers(path: string, kept: StateKind): Promise<void> {
  for (const kind of ['memory', 'lmdb'] as const) if (kind !== kept) await removeOf(path, kind);
  await removeNote(path);
}

async function removeOf(path: string, kind: StateKind): Promise<void> {
  const folders: Partial<Record<StateKind, string>> = { memory: snapshotFolder, lmdb: databaseFolder };
  const folder = folders[kind];
  if (folder !== undefined) await rm(join(path, folder), { recursive: true, force: true });
}
