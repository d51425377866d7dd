import type { KeyLocation } from '../../wire/contract/kv-api.js';
import { type Command, expectOperands, keyOperand } from './command.js';
import { exitCodes } from './exit-codes.js';
import { plainTable } from './tables.js';
import { reportWait } from './waiting.js';

export const locateCommand: Command = {
  name: 'locate',
  operands: 'KEY',
  summary: 'Show the shard of a key and the nodes that hold it, primary first',
  isWrite: false,
  options: {},
  async run({ connect, operands, call, output }) {
    expectOperands(locateCommand, operands, 1);
    const key = keyOperand(operands);
    const client = await connect();
    const location = await reportWait(client, [key], output, () => client.locate(key, call));
    output.result(renderLocation(location), { key, ...location });
    return exitCodes.ok;
  },
};

export function renderLocation({ shard, hash, epoch, holders }: KeyLocation): string {
  const title = `shard ${shard} (hash 0x${hash.toString(16).padStart(8, '0')}), epoch ${epoch}`;
  if (holders.length === 0) return `${title}: no node is known to hold it`;
  const anyPlaced = holders.some(({ placed }) => placed);
  const table = plainTable(['node', 'address', 'role']);
  for (const { nodeId, address, role, placed } of holders)
    table.push([nodeId || '-', address || 'not live', placed || !anyPlaced ? role : `${role}, leaves`]);
  return `${title}\n${table.toString()}`;
}
