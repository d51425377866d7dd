/** The growth of a server's resident memory by the keys of the goals about a large shard. */
import { setTimeout as pause } from 'node:timers/promises';
import { keyCount } from './loaded-cluster.js';
import { residentBytesOf } from './process-figures.js';

/** After this wait a quiet process has freed the memory that it frees at all. */
const settleMs = 2_000;

/** @param write writes the keys. @returns bytes for each of them */
export async function growthPerKey(pid: number, write: () => Promise<void>, signal: AbortSignal): Promise<number> {
  await pause(settleMs, undefined, { signal });
  const before = await residentBytesOf(pid);
  await write();
  await pause(settleMs, undefined, { signal });
  return ((await residentBytesOf(pid)) - before) / keyCount;
}
