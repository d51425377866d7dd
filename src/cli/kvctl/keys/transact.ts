import type { CompareInput, PreparedOperation } from '../../../client/index.js';
import type { TransactCompare, TransactOperation, TransactResult } from '../../../wire/contract/kv-api.js';
import { type Fields, isOptional, type OperationKind, operationForms } from '../../../wire/json/operation-forms.js';
import { readTransaction, resultToJson } from '../../../wire/json/transaction-json.js';
import { messageOfAnswer } from '../../../wire/pipeline/answer-fields.js';
import { printable } from '../../legible.js';
import { type Command, expectOperands } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { reportWait } from '../waiting.js';
import { readInput } from './read-value.js';
import { syncOf, syncOption } from './sync-option.js';

const kinds = Object.entries<Fields>(operationForms).map(([kind, fields]) => `- ${kind}: ${fieldList(fields)}`);

/** yargs removes blanks at the begin of a line, and breaks lines of more than about 100 characters. */
const details = `The transaction is JSON. All keys belong to one shard, as those with the same {tag} do.
"if" lists what must hold, "do" what is executed then, and "otherwise" what is executed if not.
Each list may be left out. Either everything in a list is executed, or nothing.
"sync": true beside the lists is the same as --sync. An example:

{"if": [{"key": "{cart:7}:state", "value": "open"}, {"key": "{cart:7}:lock", "exists": false}],
"do": [{"increment": {"key": "{cart:7}:total", "by": "5"}}, {"getAndDelete": {"key": "{cart:7}:draft"}}],
"otherwise": [{"get": {"key": "{cart:7}:state"}}]}

A comparison has a key, and any of version (0: the key does not exist), exists, and value.
An operation has one field, its kind. These are the fields of each kind; those in brackets are optional:

${kinds.join('\n')}

Numbers to add are text ("0.1") or integers. Bytes that are not text are given in base64, under the
name of their field with Base64 behind it: valueBase64. If the comparisons do not hold, the exit code
is ${exitCodes.conditionFailed}.`;

export const transactCommand: Command = {
  name: 'transact',
  operands: 'JSON | @FILE | -',
  summary: 'Execute operations on keys of one shard together, if every comparison holds; otherwise others',
  isWrite: true,
  options: syncOption,
  details,
  async run({ connect, operands, options, call, isStdinTaken, output }) {
    expectOperands(transactCommand, operands, 1);
    const { compares, operations, otherwise, sync } = readTransaction(
      await readInput('transaction', operands[0]!, { isStdinTaken, signal: call.signal }),
    );
    const [conditions, first, second] = [compares.map(toCondition), operations.map(toPrepared), otherwise.map(toPrepared)];
    const keys = [...conditions, ...[...first, ...second].map(({ request }) => request)].map(({ key }) => key);
    const client = await connect();
    const transact = () =>
      client.transact({ if: conditions, do: first, otherwise: second }, { ...(sync && { sync }), ...syncOf(options), ...call });
    const { held, version, results, nodeId } = await reportWait(client, keys, output, transact);
    const executed = held ? first : second;
    const printed = results.map(resultToJson);
    const lines = printed.map((result, index) => {
      const [[kind, fields]] = Object.entries(result) as [[string, object]];
      return `${kind} ${printable(executed[index]!.request.key)}: ${JSON.stringify(fields)}`;
    });
    const changed = version === 0 ? 'nothing was written' : `written at version ${version}`;
    const which = held ? '' : 'the comparisons did not hold; ';
    output.result([...lines, `${which}${changed} (by ${nodeId})`].join('\n'), { held, version, results: printed, nodeId });
    return held ? exitCodes.ok : exitCodes.conditionFailed;
  },
};

function toCondition({ key, ...condition }: TransactCompare<Buffer>): CompareInput {
  return { key: key.toString(), ...condition };
}

/** An operation whose result stays a message. */
function toPrepared(operation: TransactOperation<Buffer>): PreparedOperation<TransactResult> {
  const [[kind, { key, ...fields }]] = Object.entries(operation) as [[OperationKind, { key: Buffer }]];
  return { request: { kind, key: key.toString(), ...fields }, read: messageOfAnswer };
}

function fieldList(fields: Fields): string {
  const names = Object.entries(fields).map(([name, form]) => (isOptional(form) ? `[${name}]` : name));
  return names.join(', ');
}
