/** The identities of a client's writes (R16), by which a shard recognises a write that is sent again. */
import { randomBytes } from 'node:crypto';
import type { ShardPosition } from '../../errors.js';
import { type OpenRequest, type RequestNumbers, ShardRequests } from './shard-requests.js';

const clientIdBytes = 8;

export class ClientRequests {
  readonly #numbers: RequestNumbers = { client: randomBytes(clientIdBytes).toString('hex'), last: 0 };
  readonly #shards: ShardRequests[] = [];

  /** Begins a write, just before it is first sent. */
  open(shard: number): OpenRequest {
    return this.#of(shard).open();
  }

  sawVersion(shard: number, version: number): void {
    this.#shards[shard]?.sawVersion(version);
  }

  /** @param position of a report, which has none if its node does not hold the shard */
  sawPosition(shard: number, position: ShardPosition | null | undefined): void {
    if (position) this.#of(shard).sawPosition(position);
  }

  #of(shard: number): ShardRequests {
    this.#shards[shard] ??= new ShardRequests(this.#numbers);
    return this.#shards[shard];
  }
}
