import { type Command, expectOperands, keyOperand, parseWholeNumber, wholeNumber } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { expiryOf, expiryOptions } from './expiry-options.js';
import { lengthReport, maxBytesOption } from './length-report.js';
import { readValue, valueOption } from './read-value.js';

export const setrangeCommand: Command = {
  name: 'setrange',
  operands: 'KEY OFFSET VALUE | KEY OFFSET @FILE | KEY OFFSET -',
  summary: 'Overwrite bytes of a value from an offset on, and print the length of the whole',
  isWrite: true,
  options: { value: valueOption, 'max-bytes': maxBytesOption, ...expiryOptions },
  async run({ connect, operands, options, call, isStdinTaken, output }) {
    expectOperands(setrangeCommand, operands, 2, 3);
    const key = keyOperand(operands);
    const offset = parseWholeNumber('OFFSET', operands[1]!, 0);
    const maxBytes = wholeNumber(options, 'max-bytes', 0);
    const expiry = expiryOf(options);
    const value = await readValue(operands[2], options.value as string | undefined, { isStdinTaken, signal: call.signal });
    const client = await connect();
    const settings = { ...(maxBytes !== undefined && { maxBytes }), ...expiry, ...call };
    const setRange = () => client.setRange(key, offset, value, settings);
    output.result(...lengthReport(key, await reportWait(client, [key], output, setRange)));
    return exitCodes.ok;
  },
};
