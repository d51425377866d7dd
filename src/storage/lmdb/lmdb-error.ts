/** Turns errors of LMDB and of the file system below it into those of the database, with what the operator can do. */
import { statfsSync } from 'node:fs';
import { DatabaseError } from '../database/state-database.js';

/** An error as it comes out of a thread. */
export interface FailureReport {
  readonly message: string;
  /** Of LMDB (below -30,700) or of the system. */
  readonly code: number | string | undefined;
}

const outOfMemory = 12;
/** LMDB's code for a write that the file system has executed in part, which is what happens to the first one for which there is no room. */
const inputOutput = 5;
/** With less room, a write that was executed in part is taken for a full disk. The largest commits are smaller. */
const littleRoomBytes = 64 * 1024 * 1024;
const noSpace = [28, 122, 'ENOSPC', 'EDQUOT'];
/** Readers full, a transaction that is too large, the map full: nothing has changed, and later calls may succeed. */
const passing = [-30_790, -30_788, -30_792, outOfMemory];

export function reportOf(error: unknown): FailureReport {
  const { message, code } = error as Error & { readonly code?: number | string };
  return { message, code };
}

/** Of a call on an environment that is open. */
export function databaseErrorOf({ message, code }: FailureReport, folder: string, room = roomOf): DatabaseError {
  if (isDiskFull(code, () => room(folder)))
    return new DatabaseError(`the disk is full, so nothing can be written to the database in ${folder}: make room on it`);
  if (typeof code === 'number' && passing.includes(code)) return new DatabaseError(`the database in ${folder}: ${message}`);
  return new DatabaseError(`the database in ${folder} cannot be used any more (${message}): ${remedyIn(folder)}`, {
    isLost: true,
  });
}

function remedyIn(folder: string): string {
  return (
    `start the node again. If the error comes back, the database is damaged: check that every shard has another copy in sync, then delete ` +
    `${folder} while the node is stopped; it takes its copies from the other nodes`
  );
}

/** Of opening it. */
export function openErrorOf({ message, code }: FailureReport, folder: string): DatabaseError {
  if (isDiskFull(code, () => roomOf(folder)))
    return new DatabaseError(`the disk is full, so the database in ${folder} cannot be opened: make room on it`);
  return new DatabaseError(
    `the database in ${folder} cannot be opened (${message}): if it is damaged, check that every shard has another copy in sync, and delete ` +
      `${folder}; the node then takes its copies from the other nodes`,
    { isLost: true },
  );
}

function isDiskFull(code: FailureReport['code'], room: () => number): boolean {
  if (code === undefined) return false;
  return noSpace.includes(code) || (code === inputOutput && room() < littleRoomBytes);
}

function roomOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
