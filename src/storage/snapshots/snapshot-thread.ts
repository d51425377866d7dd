/**
 * The program of the thread that writes snapshot files. It executes one request after the other and answers each, in order.
 *
 * After an error in a file every further request for this file has the same error, so whoever waits for the last one learns of it.
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
}

/** Serves the requests that come through the port. */
export function serveSnapshotFiles(port: Pick<MessagePort, 'on' | 'postMessage'>): void {
  const files = new Map<number, SnapshotFile | Error>();
  port.on('message', (request: SnapshotRequest) => {
    const reply: SnapshotReply = { error: errorOf(files, request) };
    port.postMessage(reply);
  });
}

function errorOf(files: Map<number, SnapshotFile | Error>, request: SnapshotRequest): Error | undefined {
  try {
    execute(files, request);
    return undefined;
  } catch (error) {
    if (request.type !== 'remove') files.set(request.file, error as Error);
    return error as Error;
  }
}

function execute(files: Map<number, SnapshotFile | Error>, request: SnapshotRequest): void {
  if (request.type === 'remove') return remove(request.folder, request.names);
  if (request.type === 'create') {
    files.set(request.file, new SnapshotFile(request.path));
    return;
  }
  const file = files.get(request.file);
  if (request.type === 'append') return usable(file).append(request.payload);
  files.delete(request.file);
  if (request.type === 'finish') usable(file).finish(request.payload);
  // A file that has failed is removed by the next start.
  else if (file instanceof SnapshotFile) file.abandon();
}

function usable(file: SnapshotFile | Error | undefined): SnapshotFile {
  if (file instanceof SnapshotFile) return file;
  throw file ?? new Error('the snapshot file has ended');
}

function remove(folder: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(folder, name), { force: true });
  flushFolder(folder);
}
