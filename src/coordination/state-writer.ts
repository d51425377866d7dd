/** The compare-and-set of a shard's `state`, and what can be said of it afterwards (R7). */
import type { Logger } from 'pino';
import type { ShardState } from '../replication/shard-state.js';
import type { WriteOutcome } from './coordinator.js';
import { type ZnodeClient, ZnodeError } from './znode-client.js';
import { encode } from './znode-data.js';

/** Never rejects: every failure is an outcome. */
export async function writeState(
  client: ZnodeClient,
  path: string,
  expectedVersion: number | undefined,
  next: ShardState,
  logger: Logger,
): Promise<WriteOutcome> {
  try {
    if (expectedVersion === undefined) {
      const result = await client.create(path, encode(next), 'persistent');
      if (result.kind === 'created') return { kind: 'applied', version: 0 };
      return { kind: result.kind === 'exists' ? 'conflict' : 'missing' };
    }
    // A negative version would mean any version, and end all compare-and-set.
    if (!Number.isInteger(expectedVersion) || expectedVersion < 0) {
      logger.error({ path, expectedVersion }, 'state not written: no such version');
      return { kind: 'notSent' };
    }
    const result = await client.set(path, encode(next), expectedVersion);
    return result.kind === 'set' ? { kind: 'applied', version: result.version } : { kind: result.kind };
  } catch (error) {
    logger.warn({ path, expectedVersion, error }, 'state not known to be written');
    const definite = error instanceof ZnodeError && error.executed === 'no';
    return { kind: definite ? 'notSent' : 'unknown' };
  }
}
