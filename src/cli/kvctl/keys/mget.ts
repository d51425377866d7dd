import { KvError } from '../../../errors.js';
import { jsonValue } from '../../../wire/json/json-value.js';
import { describeError } from '../../explain.js';
import { printable } from '../../legible.js';
import { type Command, expectOperands, refuseReplacedBytes } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { expiryText } from './expiry-options.js';

export const mgetCommand: Command = {
  name: 'mget',
  operands: 'KEY...',
  summary: 'Print the values of several keys, one per line: key, tab, value',
  isWrite: false,
  options: {},
  async run({ connect, operands, call, output }) {
    expectOperands(mgetCommand, operands, 1, Number.POSITIVE_INFINITY);
    for (const key of operands) refuseReplacedBytes('key', key);
    const client = await connect();
    const outcomes = await reportWait(client, operands, output, () => client.mgetSettled(operands, call));
    for (const outcome of outcomes) {
      const { key } = outcome;
      if (!outcome.ok) {
        output.remark(`${printable(key)}: ${describeError(outcome.error)}`);
        output.noResult({ key, error: outcome.error.code, message: outcome.error.message });
      } else if (outcome.found === undefined) {
        output.remark(`${printable(key)} does not exist (by ${outcome.nodeId})`);
        output.noResult({ key, found: false, nodeId: outcome.nodeId });
      } else {
        const { value, version, expiresInMs, nodeId } = outcome.found;
        output.value(`${printable(key)}\t`, value, { key, found: true, ...jsonValue(value), version, expiresInMs, nodeId });
        const expires = expiresInMs === undefined ? '' : `, ${expiryText(expiresInMs)}`;
        output.remark(`${printable(key)}: version ${version} (by ${nodeId})${expires}`);
      }
    }
    const failed = outcomes.find((outcome) => !outcome.ok);
    if (failed !== undefined) throw new KvError(failed.error.code, 'not every key could be read', { cause: failed.error });
    return outcomes.every((outcome) => outcome.ok && outcome.found !== undefined) ? exitCodes.ok : exitCodes.notFound;
  },
};
