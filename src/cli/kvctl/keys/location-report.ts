/** The place of a key as kvctl shows it. */
import type { KeyLocation } from '../../../wire/contract/kv-api.js';
import { slotsText } from '../figures.js';
import { plainTable } from '../tables.js';

/** @param shardCount the number of shards of the cluster; undefined if it is not known. */
export function renderLocation({ shard, slot, epoch, holders }: KeyLocation, shardCount?: number): string {
  const range = shardCount === undefined ? '' : ` (slots ${slotsText(shard, shardCount)})`;
  const title = `slot ${slot}, shard ${shard}${range}, epoch ${epoch}`;
  if (holders.length === 0) return `${title}: no node is known to hold it`;
  const anyPlaced = holders.some(({ placed }) => placed);
  const table = plainTable(['node', 'address', 'role']);
  for (const { nodeId, address, role, placed } of holders)
    table.push([nodeId || '-', address || 'not live', placed || !anyPlaced ? role : `${role}, leaves`]);
  return `${title}\n${table.toString()}`;
}
