/** What `append` and `setrange` have in common: their options, the part of a value that they write, and their report. */
import type { Options } from 'yargs';
import type { CallOptions, KvClient, LengthLimit, LengthOutcome, WriteDurability } from '../../../client/index.js';
import { type CommandContext, keyOperand, wholeNumber } from '../command.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { expiryOf, expiryOptions } from './expiry-options.js';
import { readValue, valueOption } from './read-value.js';
import { syncOf, syncOption } from './sync-option.js';

const maxBytesOption: Options = {
  type: 'string',
  requiresArg: true,
  describe: 'Refuse a whole value that is longer',
  defaultDescription: 'the limit of the node',
};

export const spliceOptions = { value: valueOption, 'max-bytes': maxBytesOption, ...expiryOptions, ...syncOption };

type Write = (
  client: KvClient,
  key: string,
  value: Uint8Array,
  settings: LengthLimit & WriteDurability & CallOptions,
) => Promise<LengthOutcome & { readonly nodeId: string }>;

/** @param valueOperand the place of the value among the operands */
export async function splice(context: CommandContext, valueOperand: number, write: Write): Promise<ExitCode> {
  const { connect, operands, options, call, isStdinTaken, output } = context;
  const key = keyOperand(operands);
  const maxBytes = wholeNumber(options, 'max-bytes', 0);
  const settings = { ...(maxBytes !== undefined && { maxBytes }), ...expiryOf(options), ...syncOf(options), ...call };
  const sources = { isStdinTaken, signal: call.signal };
  const value = await readValue(operands[valueOperand], options.value as string | undefined, sources);
  const client = await connect();
  const outcome = await reportWait(client, [key], output, () => write(client, key, value, settings));
  const { valueBytes, version, nodeId } = outcome;
  output.result(`${valueBytes} bytes at version ${version} (by ${nodeId})`, { key, valueBytes, version, nodeId });
  return exitCodes.ok;
}
