/**
 * A file in the data directory that names the database into which a conversion writes. A conversion that was interrupted finds the
 * database of the earlier attempt by it, and goes on with that.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile, replaceFile } from '../data/durable-file.js';
import type { FolderDatabase } from '../data/folder-files.js';

const fileName = 'converting.json';

/** Undefined: no conversion into such a database was interrupted. */
export async function readNote(path: string, kind: FolderDatabase['kind']): Promise<FolderDatabase | undefined> {
  try {
    const found = JSON.parse(await readFile(join(path, fileName), 'utf8')) as Partial<FolderDatabase> | null;
    return found?.kind === kind && typeof found.folderId === 'string' ? { kind, folderId: found.folderId } : undefined;
  } catch {
    // There is none, or a crash has left a part of it: it was not used yet.
    return undefined;
  }
}

export function writeNote(path: string, database: FolderDatabase): Promise<void> {
  return replaceFile(join(path, fileName), `${JSON.stringify(database)}\n`);
}

export function removeNote(path: string): Promise<void> {
  return removeFile(join(path, fileName));
}
