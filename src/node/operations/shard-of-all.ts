/** The one shard of the keys of an operation. */
import { KvError } from '../../errors.js';
import { shardOfKey } from '../../placement/index.js';

const mostNamed = 8;

/** @throws KvError INVALID_ARGUMENT, naming the shards if there are several. */
export function shardOfAll(keys: readonly string[], shardCount: number): number {
  const shards = [...new Set(keys.map((key) => shardOfKey(key, shardCount)))];
  if (shards.length === 1) return shards[0]!;
  const named = shards.sort((one, other) => one - other).slice(0, mostNamed);
  const more = shards.length > named.length ? `, and ${shards.length - named.length} more` : '';
  throw new KvError(
    'INVALID_ARGUMENT',
    `the keys belong to the shards ${named.join(', ')}${more}; those of one transaction must belong to one shard. ` +
      'Keys with the same {tag} do; nothing was executed',
  );
}
