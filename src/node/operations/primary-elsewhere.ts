/** How a node refuses an operation because it is not the primary of the shard. */
import { KvError } from '../../errors.js';
import type { ShardDirectory } from '../shards/shard-directory.js';

export class PrimaryElsewhere {
  readonly #directory: ShardDirectory;
  /** By shard, for one turn of the event loop: all operations that waited for a deposed primary share one refusal. */
  readonly #refusals = new Map<number, KvError>();

  constructor(directory: ShardDirectory) {
    this.#directory = directory;
  }

  /** `reason`: why this node does not serve the shard. */
  refusal(shard: number, reason: KvError): KvError {
    const known = this.#refusals.get(shard);
    if (known !== undefined) return known;
    const primaryAddress = this.#directory.primaryElsewhere(shard);
    const refusal =
      primaryAddress === undefined
        ? noPrimary(this.#directory.awaited(shard))
        : new KvError('NOT_PRIMARY', reason.message, { primaryAddress });
    if (this.#refusals.size === 0) setImmediate(() => this.#refusals.clear());
    this.#refusals.set(shard, refusal);
    return refusal;
  }

  /** The refusal of an operation that another node has forwarded: always NOT_PRIMARY, which that node understands. */
  refusalOfForwarded(shard: number, reason: KvError): KvError {
    const primaryAddress = this.#directory.primaryElsewhere(shard);
    return new KvError('NOT_PRIMARY', reason.message, primaryAddress === undefined ? {} : { primaryAddress });
  }
}

/** The refusal where no primary is known. @param awaited see `ShardDirectory.awaited` */
export function noPrimary(awaited: readonly string[] | undefined): KvError {
  if (awaited === undefined) return new KvError('NO_PRIMARY', 'no primary is known at present; nothing was sent to one');
  if (awaited.length > 0)
    return new KvError(
      'SHARD_OFFLINE',
      `the shard is offline: its in-sync replicas are on nodes that are away: ${awaited.join(', ')}; "kvctl status" shows more`,
    );
  return new KvError(
    'SHARD_OFFLINE',
    'the shard is offline: no in-sync replica of it is live, or ZooKeeper has lost its state; "kvctl status" shows which',
  );
}

export function notHeld(shard: number): KvError {
  return new KvError('NOT_PRIMARY', `this node holds no copy of shard ${shard}`);
}
