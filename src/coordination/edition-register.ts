/**
 * The editions of the data directories, one persistent znode for each node that has one (R1).
 *
 * A data directory begins a new edition with each start, and from time to time. The folder and its znode both name it, so an old
 * copy of a folder is recognised: ZooKeeper knows a later edition. `node/data/folder-editions.ts` has the rules.
 */
import type { Logger } from 'pino';
import type { Attempts } from './attempts.js';
import type { Edition, Editions, VersionedEdition } from './coordinator.js';
import { compareAndSet } from './state-writer.js';
import type { VerifiedSession } from './verified-session.js';
import { anyVersion, returnCodes, type ZnodeClient, ZnodeError } from './znode-client.js';
import { encode, parseEdition } from './znode-data.js';
import { ensurePath, parentOf, type ZnodePaths } from './znode-paths.js';

interface EditionRegisterParts {
  readonly client: ZnodeClient;
  readonly paths: ZnodePaths;
  readonly session: Pick<VerifiedSession, 'mayWrite'>;
  readonly attempts: Attempts;
  readonly logger: Logger;
}

export class EditionRegister implements Editions {
  readonly #parts: EditionRegisterParts;

  constructor(parts: EditionRegisterParts) {
    this.#parts = parts;
  }

  read(nodeId: string): Promise<VersionedEdition | undefined> {
    const { client, paths, attempts } = this.#parts;
    const path = paths.edition(nodeId);
    return attempts.untilAnswered(async () => {
      // A server that lags may show an earlier edition. Where that is not prevented, the compare-and-set after it fails.
      await client.sync(path);
      const found = await client.get(path, { watch: false });
      return found && { version: found.stat.version, edition: parseEdition(found.data) };
    });
  }

  write(nodeId: string, expectedVersion: number | undefined, next: Edition): Promise<boolean> {
    const { client, paths, session, attempts, logger } = this.#parts;
    const path = paths.edition(nodeId);
    return attempts.untilAnswered(async () => {
      const write = () => compareAndSet(client, path, expectedVersion, encode(next), logger);
      let outcome = session.mayWrite ? await write() : ({ kind: 'notSent' } as const);
      if (outcome.kind === 'missing' && expectedVersion === undefined) {
        await ensurePath(client, parentOf(path));
        outcome = await write();
      }
      if (outcome.kind === 'notSent') throw new ZnodeError(`write ${path}`, returnCodes.connectionLoss, 'no');
      return outcome.kind === 'applied';
    });
  }

  async remove(nodeId: string): Promise<void> {
    const { client, paths, attempts } = this.#parts;
    await attempts.untilAnswered(() => client.delete(paths.edition(nodeId), anyVersion));
  }
}
