/** The place of a key as kvctl shows it. */
import type { KeyLocation } from '../../wire/contract/kv-api.js';
import { plainTable } from './tables.js';

export function renderLocation({ shard, hash, epoch, holders }: KeyLocation): string {
  const title = `shard ${shard} (hash 0x${hash.toString(16).padStart(8, '0')}), epoch ${epoch}`;
  if (holders.length === 0) return `${title}: no node is known to hold it`;
  const anyPlaced = holders.some(({ placed }) => placed);
  const table = plainTable(['node', 'address', 'role']);
  for (const { nodeId, address, role, placed } of holders)
    table.push([nodeId || '-', address || 'not live', placed || !anyPlaced ? role : `${role}, leaves`]);
  return `${title}\n${table.toString()}`;
}
