/**
 * The program of the thread that writes snapshot files. It executes one request after the other and answers each, in order.
 *
 * After an error in a file every further request for this file is answered with that error. So it is enough to wait for the last one.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { flushFolder, SnapshotFile } from './snapshot-file.js';

/** `file` is the number that the requester has given the file. */
export type SnapshotRequest =
  | { readonly type: 'create'; readonly file: number; readonly path: string }
  | { readonly type: 'append'; readonly file: number; readonly payload: Uint8Array }
  | { readonly type: 'finish'; readonly file: number; readonly payload: Uint8Array }
  | { readonly type: 'abandon'; readonly file: number }
  | { readonly type: 'remove'; readonly folder: string; readonly names: readonly string[] };

export interface SnapshotReply {
  /** Undefined: the request was executed. */
  readonly error: Error | undefined;
  /** Of the file system. Errors lose it on the way between threads. */
  readonly code: string | undefined;
}

interface FileUnderWay {
  readonly file: SnapshotFile | undefined;
  readonly error: Error | undefined;
}

/** Serves the requests that come through the port. */
export function serveSnapshotFiles(port: Pick<MessagePort, 'on' | 'postMessage'>): void {
  const files = new Map<number, FileUnderWay>();
  port.on('message', (request: SnapshotRequest) => {
    const error = errorOf(files, request);
    const reply: SnapshotReply = { error, code: error?.code };
    port.postMessage(reply);
  });
}

function errorOf(files: Map<number, FileUnderWay>, request: SnapshotRequest): NodeJS.ErrnoException | undefined {
  try {
    execute(files, request);
    return undefined;
  } catch (error) {
    if (request.type !== 'remove' && request.type !== 'abandon')
      files.set(request.file, { file: files.get(request.file)?.file, error: error as Error });
    return error as Error;
  }
}

function execute(files: Map<number, FileUnderWay>, request: SnapshotRequest): void {
  if (request.type === 'remove') return remove(request.folder, request.names);
  if (request.type === 'create') {
    files.set(request.file, { file: new SnapshotFile(request.path), error: undefined });
    return;
  }
  const underWay = files.get(request.file);
  if (request.type === 'append') return usable(underWay).append(request.payload);
  if (request.type === 'finish') usable(underWay).finish(request.payload);
  else underWay?.file?.abandon();
  files.delete(request.file);
}

function usable(underWay: FileUnderWay | undefined): SnapshotFile {
  if (underWay?.file !== undefined && underWay.error === undefined) return underWay.file;
  throw underWay?.error ?? new Error('the snapshot file has ended');
}

function remove(folder: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(folder, name), { force: true });
  flushFolder(folder);
}
