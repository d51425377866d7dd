/**
 * The marks of draining nodes. A mark is an empty, persistent znode below `nodes`, beside the registrations. So it outlives the
 * registration of its node and every controller, and the nodes that watch the list of nodes learn of it with that list: each mark
 * that is made or removed raises the version of the list.
 */
import { KvError } from '../errors.js';
import type { Drains, DrainView } from './coordinator.js';
import { latestById, readNodes, registrationOf } from './node-reader.js';
import type { VerifiedSession } from './verified-session.js';
import { anyVersion, returnCodes, type ZnodeClient, ZnodeError } from './znode-client.js';
import type { ZnodePaths } from './znode-paths.js';

export class DrainMarks implements Drains {
  readonly #client: ZnodeClient;
  readonly #paths: ZnodePaths;
  readonly #session: Pick<VerifiedSession, 'mayWrite'>;

  constructor(client: ZnodeClient, paths: ZnodePaths, session: Pick<VerifiedSession, 'mayWrite'>) {
    this.#client = client;
    this.#paths = paths;
    this.#session = session;
  }

  read(): Promise<DrainView> {
    return this.#answered(async () => {
      const { nodes: path } = this.#paths;
      await this.#client.sync(path);
      const { nodes, drainingIds } = await readNodes(this.#client, path, false, undefined);
      return { nodes: latestById(nodes).map(registrationOf), drainingIds };
    });
  }

  mark(nodeId: string): Promise<void> {
    return this.#answered(async () => {
      const path = this.#paths.drainMark(nodeId);
      const { kind } = await this.#client.create(path, Buffer.alloc(0), 'persistent');
      if (kind === 'missing') throw new ZnodeError(`create ${path}`, returnCodes.noNode, 'no');
    });
  }

  unmark(nodeId: string): Promise<void> {
    return this.#answered(async () => void (await this.#client.delete(this.#paths.drainMark(nodeId), anyVersion)));
  }

  async #answered<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#session.mayWrite)
      throw new KvError('COORDINATION_UNAVAILABLE', 'the node does not reach ZooKeeper at present; nothing was changed');
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof ZnodeError)) throw cause;
      const { executed } = cause;
      throw new KvError('COORDINATION_UNAVAILABLE', 'ZooKeeper did not answer', { cause, executed });
    }
  }
}
