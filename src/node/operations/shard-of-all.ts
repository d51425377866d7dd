/** The one shard of the keys of an operation. */
import { KvError } from '../../errors.js';
import { shardOfKey } from '../../placement/index.js';

const mostNamed = 8;

/** @throws KvError INVALID_ARGUMENT, naming the shards if there are several. */
export function shardOfAll(keys: readonly string[], shardCount: number): number {
  if (shardCount === 1) return 0;
  const shard = shardOfKey(keys[0]!, shardCount);
  for (let index = 1; index < keys.length; index++) if (shardOfKey(keys[index]!, shardCount) !== shard) refuse(keys, shardCount);
  return shard;
}

function refuse(keys: readonly string[], shardCount: number): never {
  const shards = [...new Set(keys.map((key) => shardOfKey(key, shardCount)))];
  const named = shards.sort((one, other) => one - other).slice(0, mostNamed);
  const more = shards.length > named.length ? `, and ${shards.length - named.length} more` : '';
  throw new KvError(
    'INVALID_ARGUMENT',
    `the keys belong to the shards ${named.join(', ')}${more}; those of one transaction must belong to one shard. ` +
      'Keys with the same {tag} do; nothing was executed',
  );
}
