import type { CallOptions, KvClient } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import { describeError } from '../../explain.js';
import {
  type Command,
  expectOperands,
  ifValueOption,
  ifVersionOption,
  keyOperand,
  valueConditionOf,
  wholeNumber,
} from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { expiryOf, expiryOptions } from './expiry-options.js';
import { readValue, valueOption } from './read-value.js';
import { syncOf, syncOption } from './sync-option.js';

export const putCommand: Command = {
  name: 'put',
  operands: 'KEY VALUE | KEY @FILE | KEY -',
  summary: 'Store a value: an argument, a file (@FILE), or stdin (-)',
  isWrite: true,
  options: {
    value: valueOption,
    'if-version': ifVersionOption,
    'if-value': ifValueOption,
    ...expiryOptions,
    ...syncOption,
    'if-absent': { type: 'boolean', describe: 'Only if the key does not exist' },
  },
  async run({ connect, operands, options, call, isStdinTaken, output }) {
    expectOperands(putCommand, operands, 1, 2);
    const key = keyOperand(operands);
    const ifVersion = wholeNumber(options, 'if-version', 1);
    const ifAbsent = options['if-absent'] === true;
    if (ifAbsent && ifVersion !== undefined)
      throw new KvError('INVALID_OPTION', '--if-absent and --if-version exclude each other');
    const ifValue = valueConditionOf(options);
    if (ifAbsent && ifValue.ifValue !== undefined)
      throw new KvError('INVALID_OPTION', '--if-absent and --if-value exclude each other');
    const expiry = expiryOf(options);
    const value = await readValue(operands[1], options.value as string | undefined, { isStdinTaken, signal: call.signal });
    const condition = ifAbsent ? { ifVersion: 0 } : ifVersion === undefined ? {} : { ifVersion };
    const client = await connect();
    const put = () => client.put(key, value, { ...condition, ...ifValue, ...expiry, ...syncOf(options), ...call });
    const { version, nodeId } = await reportWait(client, [key], output, put);
    const { heldBy, problem } = await reportWait(client, [key], output, () => holdersOf(client, key, call));
    const held = heldBy === undefined ? `the other holders are not known: ${problem}` : `held by ${heldBy.join(', ')}`;
    output.result(`stored at version ${version} (by ${nodeId}); ${held}`, { key, version, nodeId, heldBy: heldBy ?? null });
    return exitCodes.ok;
  },
};

/**
 * The nodes that hold the write that was just acknowledged. Every later member of the in-sync set holds every write
 * that was acknowledged before. The write has succeeded, so the command does not fail if this query does.
 */
async function holdersOf(client: KvClient, key: string, call: CallOptions): Promise<{ heldBy?: string[]; problem?: string }> {
  try {
    const { holders } = await client.locate(key, call);
    return { heldBy: holders.filter(({ role }) => role === 'primary' || role === 'backup').map(({ nodeId }) => nodeId) };
  } catch (error) {
    return { problem: describeError(error) };
  }
}
