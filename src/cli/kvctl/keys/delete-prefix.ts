import { printable } from '../../legible.js';
import { type Command, expectOperands, keyOperand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWaitForShards } from '../waiting.js';
import { syncOf, syncOption } from './sync-option.js';

export const deletePrefixCommand: Command = {
  name: 'delete-prefix',
  operands: 'PREFIX',
  summary: 'Remove all keys that begin with PREFIX. Without --yes it counts them and removes nothing',
  details: 'The removal is not atomic: while it runs, other clients may see only a part of the keys removed (docs/scans.md).',
  isWrite: true,
  options: {
    yes: { type: 'boolean', describe: 'Remove the keys' },
    ...syncOption,
  },
  async run({ connect, operands, options, call, output }) {
    expectOperands(deletePrefixCommand, operands, 1);
    const prefix = keyOperand(operands);
    const client = await connect();
    const all = (client.knownTopology?.shards ?? []).map(({ shard }) => shard);
    const waiting = <Result>(work: () => Promise<Result>) => reportWaitForShards(client, () => all, output, work);
    if (options.yes === true) {
      const removed = await waiting(() => client.deletePrefix(prefix, { ...syncOf(options), ...call }));
      output.result(`removed ${counted(removed)}`, { prefix, removed });
      return exitCodes.ok;
    }
    const found = await waiting(async () => {
      let count = 0;
      for await (const _ of client.scan({ prefix, keysOnly: true, ...call })) count += 1;
      return count;
    });
    output.result(`${counted(found)} with the prefix ${printable(prefix)}; nothing was removed`, { prefix, found, removed: 0 });
    output.remark('To remove them, add --yes to the command.');
    return exitCodes.failed;
  },
};

function counted(keys: number): string {
  return keys === 1 ? '1 key' : `${keys} keys`;
}
