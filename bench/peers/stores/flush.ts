/**
 * A flush of this disk, measured as a store: a put appends 8 KiB to a file and flushes it (fdatasync). What a durable write of kvnode
 * takes is compared with it. With several threads, each appends to a file of its own: three of them share the disk as three nodes do.
 *
 * The files are filled with zeros and flushed before, as the segments of kvnode's log are. So a flush writes the data, and no new size
 * or place of the file.
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { PeerStore, RunningStore, StoreClient } from './store.js';

const appendBytes = 8 * 1024;
/** That of a segment of the log. After its end, the file is written from the beginning. */
const fileBytes = 64 * 1024 * 1024;
const fillBytes = 1024 * 1024;

export const flush: PeerStore = {
  title: 'flush of 8 KiB',
  note: 'Flush: no store, only the disk. A put appends 8 KiB to a file and flushes it (fdatasync). The file was filled with zeros and flushed before, as the log of kvnode is. Each thread has a file of its own, in TMPDIR.',
  start,
  connect: async ([folder]) => connect(folder!),
};

/** There is no server. The only address is the folder for the files. */
async function start(): Promise<RunningStore> {
  const folder = await mkdtemp(join(tmpdir(), 'kvnode-bench-flush-'));
  return { addresses: [folder], pids: [], stop: () => rm(folder, { recursive: true, force: true }) };
}

/** The calls block their thread, as those of the thread that writes kvnode's log do: no time is spent on the way to another thread. */
function connect(folder: string): StoreClient {
  const path = join(folder, `${process.pid}-${threadId}`);
  const file = openSync(path, 'wx+');
  fill(file);
  const content = Buffer.alloc(appendBytes, 'v');
  let position = 0;
  return {
    put: async () => {
      writeSync(file, content, 0, appendBytes, position);
      fdatasyncSync(file);
      position = (position + appendBytes) % fileBytes;
    },
    get: async () => content,
    // Keys have no meaning here.
    create: async () => {},
    close: async () => {
      closeSync(file);
      unlinkSync(path);
    },
  };
}

function fill(file: number): void {
  const zeros = Buffer.alloc(fillBytes);
  for (let at = 0; at < fileBytes; at += fillBytes) writeSync(file, zeros, 0, fillBytes, at);
  fsyncSync(file);
}
