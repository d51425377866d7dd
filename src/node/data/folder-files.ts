/**
 * The small files of a data directory, as JSON. `kvnode.json` says what the folder is and whom it belongs to; `run.json` says how
 * the last process ended; `editions.json` names its edition. docs/data-format.md describes them.
 */
import { type ClusterConfig, type Edition, MalformedZnodeError, parseConfig } from '../../coordination/index.js';
import type { DatabaseKind } from './state-kind.js';

/**
 * The version of the layout of the folder and of every file in it. It grows when an earlier version would misread them. Versions that
 * read only format 1 know no databases, so a folder without one is still written in that.
 */
const folderFormat = 2;
const formatWithoutDatabase = 1;

/** Whom the data in the folder belongs to: for good. */
export interface FolderIdentity {
  readonly nodeId: string;
  /** What the nodes of the cluster agreed on. A node writes it back where ZooKeeper has lost it. */
  readonly cluster: ClusterConfig;
  /** Undefined: the data is in memory, and in snapshot files. */
  readonly database: FolderDatabase | undefined;
}

/** The database that holds the data, while the folder has the log of what follows it. */
export interface FolderDatabase {
  readonly kind: DatabaseKind;
  /** Random. The database belongs to the folder of this id. */
  readonly folderId: string;
}

/** A process that has used the folder. */
export interface FolderRun {
  /** The id that the kernel minted when the machine started. Undefined: this system has none. */
  readonly bootId: string | undefined;
  /** True: everything had been flushed when it ended. */
  readonly clean: boolean;
}

/** `reason` is the end of a sentence that begins with the name of the file. */
class UnreadableFileError extends Error {}

export function encodeFolderIdentity({ nodeId, cluster, database }: FolderIdentity): string {
  const format = database === undefined ? formatWithoutDatabase : folderFormat;
  return `${JSON.stringify({ format, nodeId, cluster, database }, undefined, 2)}\n`;
}

/** @throws UnreadableFileError */
export function decodeFolderIdentity(text: string): FolderIdentity {
  const { format, nodeId, cluster, database } = parseObject(text);
  if (typeof format !== 'number') throw new UnreadableFileError('names no format');
  if (format > folderFormat)
    throw new UnreadableFileError(
      `was written by a newer version of kvnode, in format ${format}; this version reads formats up to ${folderFormat}. ` +
        'Start the newer version',
    );
  if (typeof nodeId !== 'string') throw new UnreadableFileError('names no node');
  try {
    return { nodeId, cluster: parseConfig(Buffer.from(JSON.stringify(cluster ?? null))), database: databaseIn(database) };
  } catch (cause) {
    if (!(cause instanceof MalformedZnodeError)) throw cause;
    throw new UnreadableFileError(`is damaged: the configuration of the cluster in it is malformed (${cause.problem})`, {
      cause,
    });
  }
}

function databaseIn(found: unknown): FolderDatabase | undefined {
  if (found === undefined) return undefined;
  const { kind, folderId } = found as Partial<Record<keyof FolderDatabase, unknown>>;
  const isKnown = kind === 'lmdb' || kind === 'postgres';
  if (!isKnown || typeof folderId !== 'string') throw new UnreadableFileError('is damaged: it names no database');
  return { kind, folderId };
}

export function encodeRun(run: FolderRun): string {
  return `${JSON.stringify(run)}\n`;
}

/** @throws UnreadableFileError */
export function decodeRun(text: string): FolderRun {
  const { bootId, clean } = parseObject(text);
  return { bootId: typeof bootId === 'string' ? bootId : undefined, clean: clean === true };
}

/** Those that ZooKeeper may hold of this folder, oldest first: the one that it was last known to hold, and those begun since. */
export function encodeEditions(editions: readonly Edition[]): string {
  return `${JSON.stringify({ editions })}\n`;
}

/** @throws UnreadableFileError */
export function decodeEditions(text: string): readonly Edition[] {
  const { editions } = parseObject(text);
  if (!Array.isArray(editions)) throw new UnreadableFileError('names no editions');
  return editions.map((edition: Partial<Edition> | null) => {
    const { number, id } = edition ?? {};
    if (!Number.isSafeInteger(number) || typeof id !== 'string') throw new UnreadableFileError('is damaged: it names no edition');
    return { number: number!, id };
  });
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Below.
  }
  throw new UnreadableFileError('is damaged: it is not a JSON object');
}
