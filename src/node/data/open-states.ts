/** Opens the place in which a node has the states of its replicas. Packages of databases are loaded only where they are used. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { KvError } from '../../errors.js';
import { DatabaseError, type StateDatabase } from '../../storage/database/index.js';
import type { StateMemory } from '../capacity/state-budget.js';
import { DatabaseStates } from './database-states.js';
import type { FolderDatabase, FolderIdentity } from './folder-files.js';
import type { StateStore } from './state-store.js';

export interface StatePlace {
  /** The data directory, and whom it belongs to. */
  readonly path: string;
  readonly identity: FolderIdentity;
  /** Of PostgreSQL. */
  readonly url: string | undefined;
  readonly memory: StateMemory;
  readonly logger: Logger;
}

type DatabasePlace = Omit<StatePlace, 'memory'> & { readonly memory: Pick<StateMemory, 'cacheBytes'> };

/** The folder of a database in the data directory. */
export const databaseFolder = 'state';
/** A start that finds a database which does not answer tries again for this long. */
const openPatienceMs = 10_000;
const openAgainMs = 250;

/** Undefined: the states are in memory. @throws KvError DATA_UNAVAILABLE, by the promise */
export function statesOpener(place: StatePlace): (() => Promise<StateStore>) | undefined {
  const { database } = place.identity;
  if (database === undefined) return undefined;
  const { memory, logger } = place;
  return async () => {
    const opened = await openDatabase(place, database);
    return new DatabaseStates({ database: opened, kind: database.kind, maxOverlayBytes: memory.overlayBytes, logger });
  };
}

/** @throws KvError DATA_UNAVAILABLE */
export function openDatabase(place: DatabasePlace, { kind, folderId }: FolderDatabase): Promise<StateDatabase> {
  return inPatience(kind === 'lmdb' ? () => openLocal(place) : () => openRemote(place, folderId), place.logger);
}

async function openLocal({ path, memory }: DatabasePlace): Promise<StateDatabase> {
  const { openLmdb } = await import('../../storage/lmdb/index.js');
  return openLmdb({ folder: join(path, databaseFolder), cacheBytes: memory.cacheBytes });
}

async function openRemote({ identity, url = '' }: DatabasePlace, folderId: string): Promise<StateDatabase> {
  const { PostgresDatabase } = await import('../../storage/postgres/index.js');
  const { nodeId, cluster } = identity;
  return PostgresDatabase.open({ url, identity: { nodeId, clusterId: cluster.clusterId, folderId } });
}

async function inPatience(open: () => Promise<StateDatabase>, logger: Logger): Promise<StateDatabase> {
  const untilMs = performance.now() + openPatienceMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (error.isLost || performance.now() >= untilMs) throw new KvError('DATA_UNAVAILABLE', error.message, { cause: error });
      if (attempt === 1) logger.warn({ err: error }, 'the database does not answer; the start tries again');
      await pause(openAgainMs);
    }
  }
}
