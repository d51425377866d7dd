/**
 * Identities for the writes of callers that give none (R16), so that the node may send them again after an unknown outcome. The
 * client of these identities is this process. If it dies, the outcome stays unknown.
 */
import { randomBytes } from 'node:crypto';
import type { ShardPosition } from '../../errors.js';
import type { RequestIdentity } from '../../replication/index.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { RetriedRequest } from './retried-request.js';

interface ShardRequests {
  lastNumber: number;
  /** Numbers that may still be sent again, in their order. */
  readonly open: Set<number>;
  /** The newest position that an answer or a refusal named. */
  position: ShardPosition | undefined;
}

/** Refused by the primary, which names its position: definitely not executed, as a first attempt. */
const unknownPosition: ShardPosition = { history: 'unknown', seq: 0 };
const clientBytes = 12;

export class NodeIdentities {
  readonly #client = randomBytes(clientBytes).toString('base64url');
  readonly #directory: Pick<ShardDirectory, 'local'>;
  readonly #shards = new Map<number, ShardRequests>();

  constructor(directory: Pick<ShardDirectory, 'local'>) {
    this.#directory = directory;
  }

  /** The request must be ended. */
  begin(shard: number): RetriedRequest {
    const requests = this.#requestsOf(shard);
    const { open } = requests;
    const number = ++requests.lastNumber;
    open.add(number);
    const [lowest = number] = open;
    const position = this.#positionOf(shard, requests.position);
    const identity: RequestIdentity = { client: this.#client, number, lowest, ...position, isFirstAttempt: true };
    return new RetriedRequest(identity, false, () => open.delete(number));
  }

  /** The primary has named a position. */
  learn(shard: number, position: ShardPosition): void {
    this.#requestsOf(shard).position = position;
  }

  /** A replica may lag behind, or hold the data of another history than the primary, which has refused that. */
  #positionOf(shard: number, remembered: ShardPosition | undefined): ShardPosition {
    const held = this.#directory.local(shard)?.position;
    if (held === undefined || remembered === undefined) return held ?? remembered ?? unknownPosition;
    return remembered.history !== held.history || remembered.seq > held.seq ? remembered : held;
  }

  #requestsOf(shard: number): ShardRequests {
    const known = this.#shards.get(shard);
    if (known !== undefined) return known;
    const requests: ShardRequests = { lastNumber: 0, open: new Set(), position: undefined };
    this.#shards.set(shard, requests);
    return requests;
  }
}
