/**
 * Reads `placement` and reports what is news: a large znode that changes rarely and is looked at often.
 *
 * What cannot be understood is logged and left out: every shard stays where it is.
 */
import type { Logger } from 'pino';
import { decodePlacement, type Placement } from '../placement/index.js';
import { CoalescedTask } from './coalesced-task.js';
import type { CoordinatorListener } from './coordinator.js';
import type { ZnodeClient } from './znode-client.js';

const watch = { watch: true };

export interface PlacementReaderOptions {
  readonly path: string;
  readonly listener: Pick<CoordinatorListener, 'onPlacement'>;
  readonly logger: Logger;
  /** Undefined until the cluster's configuration is known. */
  shardCount(): number | undefined;
}

export class PlacementReader {
  readonly #client: ZnodeClient;
  readonly #path: string;
  readonly #options: PlacementReaderOptions;
  readonly reading = new CoalescedTask(() => this.#read());
  #syncFirst = true;
  /** What was last read: a version counts within one session only, as ZooKeeper may have lost its data since (R14). */
  #last: { readonly sessionId: string | undefined; readonly version: number | undefined } | undefined;

  constructor(client: ZnodeClient, options: PlacementReaderOptions) {
    this.#client = client;
    this.#path = options.path;
    this.#options = options;
  }

  /** The next reading that begins sees every write acknowledged before this call. */
  syncFirst(): void {
    this.#syncFirst = true;
  }

  async #read(): Promise<void> {
    const { sessionId } = this.#client;
    let synced = this.#syncFirst;
    this.#syncFirst = false;
    if (synced) await this.#client.sync(this.#path);
    let stat = await this.#client.stat(this.#path, watch);
    // A server that lags must not be believed that there is none, or an older one.
    if (!synced && (stat === undefined || this.#isOlder(sessionId, stat.version))) {
      await this.#client.sync(this.#path);
      stat = await this.#client.stat(this.#path, watch);
      synced = true;
    }
    if (this.#last?.sessionId === sessionId && this.#last?.version === stat?.version) return;
    const znode = stat === undefined ? undefined : await this.#client.get(this.#path, watch);
    // Deleted between the two reads: the watch brings the next.
    if (this.#client.status === 'closed' || (stat !== undefined && znode === undefined)) return;
    this.#last = { sessionId, version: znode?.stat.version };
    if (znode === undefined) {
      this.#options.listener.onPlacement(undefined);
      return;
    }
    const placement = this.#understood(znode.data);
    if (placement !== undefined) this.#options.listener.onPlacement({ version: znode.stat.version, placement });
  }

  #isOlder(sessionId: string | undefined, version: number): boolean {
    return this.#last?.sessionId === sessionId && version < (this.#last?.version ?? 0);
  }

  #understood(data: Buffer): Placement | undefined {
    try {
      return decodePlacement(data.toString('utf8'), this.#options.shardCount());
    } catch (error) {
      this.#options.logger.error({ path: this.#path, err: error }, 'znode left out of account');
      return undefined;
    }
  }
}
