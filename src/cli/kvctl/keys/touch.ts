import { type Command, expectOperands, keyOperand } from '../command.js';
import { parseTtlMs } from '../duration.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { syncOf, syncOption } from './sync-option.js';

export const touchCommand: Command = {
  name: 'touch',
  operands: 'KEY TTL',
  summary: 'Give a key a new TTL, such as 500ms, 10s, 5m, 2h or 7d, and leave its value as it is',
  isWrite: true,
  options: syncOption,
  async run({ connect, operands, options, call, output }) {
    expectOperands(touchCommand, operands, 2);
    const key = keyOperand(operands);
    const ttlMs = parseTtlMs('TTL', operands[1] ?? '');
    const client = await connect();
    const touch = () => client.touch(key, ttlMs, { ...syncOf(options), ...call });
    const { found, version, nodeId } = await reportWait(client, [key], output, touch);
    const text = found ? `has its new TTL at version ${version} (by ${nodeId})` : `the key does not exist (by ${nodeId})`;
    output.result(text, { key, found, version, nodeId });
    return found ? exitCodes.ok : exitCodes.notFound;
  },
};
