import { type Command, expectOperands, keyOperand, wholeNumber } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { expiryOf, expiryOptions } from './expiry-options.js';
import { lengthReport, maxBytesOption } from './length-report.js';
import { readValue, valueOption } from './read-value.js';

export const appendCommand: Command = {
  name: 'append',
  operands: 'KEY VALUE | KEY @FILE | KEY -',
  summary: 'Write a value behind that of a key, and print the length of the whole',
  isWrite: true,
  options: { value: valueOption, 'max-bytes': maxBytesOption, ...expiryOptions },
  async run({ connect, operands, options, call, isStdinTaken, output }) {
    expectOperands(appendCommand, operands, 1, 2);
    const key = keyOperand(operands);
    const maxBytes = wholeNumber(options, 'max-bytes', 0);
    const expiry = expiryOf(options);
    const value = await readValue(operands[1], options.value as string | undefined, { isStdinTaken, signal: call.signal });
    const client = await connect();
    const append = () => client.append(key, value, { ...(maxBytes !== undefined && { maxBytes }), ...expiry, ...call });
    output.result(...lengthReport(key, await reportWait(client, [key], output, append)));
    return exitCodes.ok;
  },
};
