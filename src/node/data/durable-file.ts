/**
 * Small files and folders that outlive a power loss. A file is replaced as a whole: after a crash a reader finds the old content or the
 * new one, and the new one after `replaceFile` has resolved.
 */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await rename(temporary, path);
  await flushFolder(dirname(path));
}

/**
 * Overwrites a file in its place, which needs no room on most file systems. A text of at most 512 bytes reaches the device as a
 * whole or not at all: a disk writes sectors. The file must exist, and may end with spaces afterwards.
 */
export async function overwriteFile(path: string, text: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    await file.write(text.padEnd(size), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await flushFolder(dirname(path));
}

/** The file need not exist. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await flushFolder(dirname(path));
}

/** Creates the folder, and those above it, if they are missing. Only their owner may use them. */
export async function createFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    await flushFolder(folder);
    if (folder === top) return;
  }
}

/** Makes the names in a folder durable: files that were created, renamed or deleted in it. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
