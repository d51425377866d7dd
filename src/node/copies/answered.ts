/** Bounds how long a check of a copy waits for the database of its node: its place among the calls under way is then free for others. */
import { KvError } from '../../errors.js';
import { DatabaseError } from '../../storage/database/index.js';

/** As long as an operation waits whose caller has set no deadline. */
const patienceMs = 10_000;

/** What was read in time. @throws KvError STORAGE_UNAVAILABLE, by the promise */
export async function answered<Result>(reading: Promise<Result>, nodeId: string, waitMs = patienceMs): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(silent(nodeId)), waitMs);
  });
  try {
    return await Promise.race([reading, overdue]);
  } catch (error) {
    throw error instanceof DatabaseError ? silent(nodeId, error) : error;
  } finally {
    clearTimeout(timer);
  }
}

function silent(nodeId: string, cause?: Error): KvError {
  const reason = cause === undefined ? 'has not answered' : `has failed: ${cause.message}`;
  return new KvError('STORAGE_UNAVAILABLE', `the database of node ${nodeId} ${reason}`, cause && { cause });
}
