/** Parses and formats lists of shards on the command line: `3`, `0,4`, `0-15,20`. Pure. */
import { KvError } from '../../../errors.js';
import { rangesOf } from '../../../topology/shard-ranges.js';

/** No cluster has more shards than this, so a larger number is a typing error. */
const maxShard = 1_000_000;

/** @returns each shard once, in the order of their numbers. @throws KvError INVALID_OPTION */
export function parseShards(text: string): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, first = '', last = first] = /^\s*(\d{1,7})(?:-(\d{1,7}))?\s*$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === '' || to < from || to > maxShard) {
      throw new KvError('INVALID_OPTION', `SHARD: "${part}" is neither the number of a shard nor a range such as 0-15`);
    }
    for (let shard = from; shard <= to; shard++) found.add(shard);
  }
  return [...found].sort((one, other) => one - other);
}

/** Formats shards so that `parseShards` reads them. */
export function shardsOperand(shards: readonly number[]): string {
  return rangesOf(shards).replaceAll(' ', '');
}
