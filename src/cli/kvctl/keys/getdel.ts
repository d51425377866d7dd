import { type Command, expectOperands, keyOperand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { rawOption, reportReplaced } from './replaced-report.js';
import { syncOf, syncOption } from './sync-option.js';

export const getdelCommand: Command = {
  name: 'getdel',
  operands: 'KEY',
  summary: 'Remove a key, and print its value',
  isWrite: true,
  options: { raw: rawOption, ...syncOption },
  async run({ connect, operands, options, call, output }) {
    expectOperands(getdelCommand, operands, 1);
    const key = keyOperand(operands);
    const client = await connect();
    const take = () => client.getAndDelete(key, { ...syncOf(options), ...call });
    const outcome = await reportWait(client, [key], output, take);
    const { previous, version, nodeId } = outcome;
    const remark = `${previous === undefined ? 'the key did not exist' : `deleted at version ${version}`} (by ${nodeId})`;
    reportReplaced(output, { key, outcome, isRaw: options.raw === true, remark });
    return previous === undefined ? exitCodes.notFound : exitCodes.ok;
  },
};
