/** Limits how long a check of a copy waits for the database of its node, so that a silent database does not hold up other checks. */
import { KvError } from '../../errors.js';
import { DatabaseError } from '../../storage/database/index.js';
import { inTime } from '../in-time.js';

/** As long as an operation waits if its caller has set no deadline. */
const patienceMs = 10_000;

/** What was read in time. @throws KvError STORAGE_UNAVAILABLE, by the promise */
export async function answered<Result>(reading: Promise<Result>, nodeId: string, waitMs = patienceMs): Promise<Result> {
  try {
    return await inTime(reading, waitMs, () => silent(nodeId));
  } catch (error) {
    throw error instanceof DatabaseError ? silent(nodeId, error) : error;
  }
}

function silent(nodeId: string, cause?: Error): KvError {
  const reason = cause === undefined ? 'has not answered' : `has failed: ${cause.message}`;
  return new KvError('STORAGE_UNAVAILABLE', `the database of node ${nodeId} ${reason}`, cause && { cause });
}
