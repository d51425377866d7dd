/** The compare-and-set of a shard's `state` or of `placement`, and its outcome (R7). */
import type { Logger } from 'pino';
import type { WriteOutcome } from './coordinator.js';
import { type ZnodeClient, ZnodeError } from './znode-client.js';

/** Never rejects: every failure is an outcome. */
export async function compareAndSet(
  client: ZnodeClient,
  path: string,
  expectedVersion: number | undefined,
  data: Buffer,
  logger: Logger,
): Promise<WriteOutcome> {
  try {
    if (expectedVersion === undefined) {
      const result = await client.create(path, data, 'persistent');
      if (result.kind === 'created') return { kind: 'applied', version: 0 };
      return { kind: result.kind === 'exists' ? 'conflict' : 'missing' };
    }
    // In ZooKeeper a negative version matches every version, which would defeat the compare-and-set.
    if (!Number.isInteger(expectedVersion) || expectedVersion < 0) {
      logger.error({ path, expectedVersion }, 'not written: the expected version is not a version of a znode');
      return { kind: 'notSent' };
    }
    const result = await client.set(path, data, expectedVersion);
    return result.kind === 'set' ? { kind: 'applied', version: result.version } : { kind: result.kind };
  } catch (error) {
    logger.warn({ path, expectedVersion, err: error }, 'ZooKeeper did not confirm the write');
    const definite = error instanceof ZnodeError && error.executed === 'no';
    return { kind: definite ? 'notSent' : 'unknown' };
  }
}
