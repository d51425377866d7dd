/** Prints the keys of a range in the order of their bytes, as they arrive. */
import type { KvClient, ScanOptions } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import { jsonValue } from '../../../wire/json/json-value.js';
import type { ScannedValue } from '../../../wire/scan/scan-messages.js';
import { printable } from '../../legible.js';
import { type Command, type CommandContext, expectOperands, refuseReplacedBytes, wholeNumber } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import type { Output } from '../output.js';
import { reportWaitForShards } from '../waiting.js';

/** Keys that are written to stdout together. */
const batchKeys = 256;

export const scanCommand: Command = {
  name: 'scan',
  operands: '[PREFIX]',
  summary: 'Print the keys that begin with PREFIX, or those of a range, in the order of their bytes',
  details: 'Each page shows one moment of its shard; the whole output does not show one moment (docs/scans.md).',
  isWrite: false,
  options: {
    from: { type: 'string', requiresArg: true, describe: 'The first key that may be printed. Not together with PREFIX' },
    to: { type: 'string', requiresArg: true, describe: 'The scan ends before this key. Not together with PREFIX' },
    reverse: { type: 'boolean', describe: 'From the last key to the first' },
    limit: { type: 'string', requiresArg: true, describe: 'Largest number of keys. Default: all' },
    values: { type: 'boolean', describe: 'Print key, tab, value' },
  },
  async run({ connect, operands, options, call, output }) {
    expectOperands(scanCommand, operands, 0, 1);
    const scan = scanOf(operands, options);
    const client = await connect();
    const keys = client.scan({ ...scan, ...call });
    let count = 0;
    try {
      for (;;) {
        const batch = await nextBatch(client, keys, output);
        if (batch.length === 0) break;
        count += batch.length;
        print(batch, scan.keysOnly, output);
        await output.written();
      }
    } finally {
      await keys.return?.();
    }
    output.remark(count === 1 ? '1 key' : `${count} keys`);
    return exitCodes.ok;
  },
};

type Scan = Omit<ScanOptions, 'keysOnly'> & { readonly keysOnly: boolean };

function scanOf([prefix = '']: readonly string[], options: CommandContext['options']): Scan {
  const text = (name: string): string => (options[name] as string | undefined) ?? '';
  const [from, to] = [text('from'), text('to')];
  refuseReplacedBytes('key', prefix);
  for (const name of ['from', 'to'] as const) refuseReplacedBytes(`--${name}`, text(name));
  if (prefix !== '' && (from !== '' || to !== ''))
    throw new KvError('INVALID_OPTION', 'PREFIX excludes --from and --to: give one of them');
  const limit = wholeNumber(options, 'limit', 1);
  const range = prefix === '' ? { from, to } : { prefix };
  return {
    ...range,
    ...(limit !== undefined && { limit }),
    reverse: options.reverse === true,
    keysOnly: options.values !== true,
  };
}

function nextBatch(client: KvClient, keys: AsyncIterator<ScannedValue, undefined>, output: Output): Promise<ScannedValue[]> {
  const all = (client.knownTopology?.shards ?? []).map(({ shard }) => shard);
  return reportWaitForShards(
    client,
    () => all,
    output,
    async () => {
      const batch: ScannedValue[] = [];
      while (batch.length < batchKeys) {
        const { done, value } = await keys.next();
        if (done === true) break;
        batch.push(value);
      }
      return batch;
    },
  );
}

function print(batch: readonly ScannedValue[], keysOnly: boolean, output: Output): void {
  if (keysOnly && !output.isJson) return output.result(batch.map(({ key }) => printable(key)).join('\n'), {});
  for (const { key, value, version, expiresInMs } of batch) {
    const json = { key, ...(!keysOnly && jsonValue(value)), version, expiresInMs };
    if (keysOnly) output.noResult(json);
    else output.value(`${printable(key)}\t`, value, json);
  }
}
