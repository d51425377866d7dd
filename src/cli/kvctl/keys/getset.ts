import { type Command, expectOperands, keyOperand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { expiryOf, expiryOptions } from './expiry-options.js';
import { readValue, valueOption } from './read-value.js';
import { rawOption, reportReplaced } from './replaced-report.js';
import { syncOf, syncOption } from './sync-option.js';

export const getsetCommand: Command = {
  name: 'getset',
  operands: 'KEY VALUE | KEY @FILE | KEY -',
  summary: 'Store a value, and print the one that it replaced',
  isWrite: true,
  options: { value: valueOption, raw: rawOption, ...expiryOptions, ...syncOption },
  async run({ connect, operands, options, call, isStdinTaken, output }) {
    expectOperands(getsetCommand, operands, 1, 2);
    const key = keyOperand(operands);
    const settings = { ...expiryOf(options), ...syncOf(options), ...call };
    const value = await readValue(operands[1], options.value as string | undefined, { isStdinTaken, signal: call.signal });
    const client = await connect();
    const outcome = await reportWait(client, [key], output, () => client.getAndSet(key, value, settings));
    const { previous, version, nodeId } = outcome;
    const missing = previous === undefined ? 'the key did not exist; ' : '';
    const remark = `${missing}stored at version ${version} (by ${nodeId})`;
    reportReplaced(output, { key, outcome, isRaw: options.raw === true, remark });
    return exitCodes.ok;
  },
};
