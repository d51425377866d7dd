/**
 * Reads `placement`, a large znode that changes rarely and is checked often, and reports each change.
 *
 * Guarantees: the version inside the placement never falls, since clients compare it. If ZooKeeper has lost the
 * placement, or holds an older or a different one, the reader writes the last known placement back before it reports
 * anything. A malformed placement is logged and ignored: every shard stays where it is.
 */
import type { Logger } from 'pino';
import { decodePlacement, encodePlacement, type Placement } from '../placement/index.js';
import { CoalescedTask } from './coalesced-task.js';
import type { CoordinatorListener, WriteOutcome } from './coordinator.js';
import type { ZnodeClient } from './znode-client.js';

const watch = { watch: true };

export interface PlacementReaderOptions {
  readonly path: string;
  readonly listener: Pick<CoordinatorListener, 'onPlacement'>;
  readonly logger: Logger;
  /** Undefined until the cluster's configuration is known. */
  shardCount(): number | undefined;
  /** Compare-and-set by the znode's version; `expectedVersion` undefined creates the znode. */
  writeBack(expectedVersion: number | undefined, known: Placement): Promise<WriteOutcome>;
}

/**
 * `unchanged`: the znode has the version of the last reading in this session. `changing`: deleted during this reading.
 */
type Reading = 'unchanged' | 'missing' | 'changing' | StoredPlacement;

interface StoredPlacement {
  /** The znode's version. */
  readonly version: number;
  /** Undefined: the content is malformed. */
  readonly placement: Placement | undefined;
}

export class PlacementReader {
  readonly #client: ZnodeClient;
  readonly #path: string;
  readonly #options: PlacementReaderOptions;
  readonly reading = new CoalescedTask(() => this.#read());
  #syncFirst = true;
  /**
   * The last reading. Its version counts within one session only, since ZooKeeper may lose its data between sessions
   * (R14).
   */
  #last: { readonly sessionId: string | undefined; readonly version: number | undefined } | undefined;
  /** The placement that was reported last. It is kept even if the znode is lost. */
  #known: Placement | undefined;

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
    const synced = this.#syncFirst;
    this.#syncFirst = false;
    const { sessionId } = this.#client;
    let read = await this.#look(sessionId, synced);
    // A lagging server may show no placement, or an older one, so the read is repeated after a sync.
    if (!synced && this.#isDoubtful(sessionId, read)) read = await this.#look(sessionId, true);
    if (this.#client.status === 'closed' || read === 'unchanged' || read === 'changing') return;
    if (read === 'missing') return this.#missing(sessionId);
    const { version, placement } = read;
    if (placement !== undefined && isLost(placement, this.#known)) return this.#writeBack(version, placement);
    this.#last = { sessionId, version };
    if (placement !== undefined) this.#report(version, placement);
  }

  async #look(sessionId: string | undefined, sync: boolean): Promise<Reading> {
    if (sync) await this.#client.sync(this.#path);
    const stat = await this.#client.stat(this.#path, watch);
    if (this.#last?.sessionId === sessionId && this.#last?.version === stat?.version) return 'unchanged';
    if (stat === undefined) return 'missing';
    const znode = await this.#client.get(this.#path, watch);
    // The znode was deleted between the two reads; the watch causes another reading.
    if (znode === undefined) return 'changing';
    return { version: znode.stat.version, placement: this.#parse(znode.data) };
  }

  #isDoubtful(sessionId: string | undefined, read: Reading): boolean {
    if (typeof read === 'string') return read === 'missing';
    if (this.#last?.sessionId === sessionId && read.version < (this.#last?.version ?? 0)) return true;
    return read.placement !== undefined && isLost(read.placement, this.#known);
  }

  async #missing(sessionId: string | undefined): Promise<void> {
    if (this.#known !== undefined) return this.#writeBack(undefined, undefined);
    this.#last = { sessionId, version: undefined };
    this.#options.listener.onPlacement(undefined);
  }

  /** If nothing was written, the watch or the next upkeep causes another reading. */
  async #writeBack(expectedVersion: number | undefined, stored: Placement | undefined): Promise<void> {
    const known = this.#known!;
    // If two placements have one version, the version must grow, so that clients that compare versions notice the
    // change.
    const next = stored?.version === known.version ? { ...known, version: known.version + 1 } : known;
    const { sessionId } = this.#client;
    const outcome = await this.#options.writeBack(expectedVersion, next);
    if (outcome.kind !== 'applied') return;
    this.#options.logger.warn(
      { path: this.#path, version: next.version, found: stored?.version },
      'ZooKeeper had lost the newest placement; this node wrote it back',
    );
    this.#last = { sessionId, version: outcome.version };
    this.#report(outcome.version, next);
  }

  #report(version: number, placement: Placement): void {
    this.#known = placement;
    this.#options.listener.onPlacement({ version, placement });
  }

  #parse(data: Buffer): Placement | undefined {
    try {
      return decodePlacement(data.toString('utf8'), this.#options.shardCount());
    } catch (error) {
      this.#options.logger.error({ path: this.#path, err: error }, 'malformed znode ignored');
      return undefined;
    }
  }
}

/**
 * Whether ZooKeeper has lost the known placement. Versions grow by one with every change, so a lower version, or
 * another placement of the same version, shows that.
 */
function isLost(stored: Placement, known: Placement | undefined): boolean {
  if (known === undefined || stored.version > known.version) return false;
  return stored.version < known.version || encodePlacement(stored) !== encodePlacement(known);
}
