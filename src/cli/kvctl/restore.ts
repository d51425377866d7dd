/**
 * A dump back into a cluster. A file is checked from end to end before anything is written; what comes through a pipe can only be
 * checked on the way. Writes are unconditional and may be repeated: a restore that stopped half way is run again.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { CallOptions, KvClient } from '../../client/index.js';
import { DumpDamagedError, readDump } from '../../dump/index.js';
import { KvError } from '../../errors.js';
import { renderError } from '../explain.js';
import { type Command, type CommandContext, expectOperands } from './command.js';
import { type ExitCode, exitCodes } from './exit-codes.js';
import { gatherCluster } from './gather.js';
import { Progress } from './progress.js';
import { writeRecords } from './restore-records.js';
import { size } from './tables.js';

export const restoreCommand: Command = {
  name: 'restore',
  operands: 'FILE | -',
  summary: 'Write all keys and values of a dump, from a file or stdin (-)',
  isWrite: true,
  options: { force: { type: 'boolean', describe: 'Also into a cluster that holds keys: those of the dump are overwritten' } },
  async run(context) {
    const { connect, operands, options, call, isStdinTaken } = context;
    expectOperands(restoreCommand, operands, 1);
    const path = operands[0] ?? '';
    if (path === '-' && isStdinTaken) throw new KvError('INVALID_OPTION', 'commands are read from stdin here; name a file');
    const isFile = path !== '-' && (await isRegularFile(path));
    const open = () => (path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1024 * 1024 }));
    const found = isFile ? await checkAll(open()) : undefined;
    const client = await connect();
    if (options.force !== true) await refuseKeys(client, call);
    return await restore(client, open(), found, context);
  },
};

async function restore(
  client: KvClient,
  bytes: AsyncIterable<Uint8Array>,
  expectedKeys: number | undefined,
  { call, output }: CommandContext,
): Promise<ExitCode> {
  const progress = new Progress('restored', expectedKeys ?? 0);
  try {
    const { header, records } = await readDump(bytes);
    await writeRecords(client, records, call, (keys, size) => progress.add(keys, size));
    const { keys, seconds } = progress;
    progress.close();
    const text = `restored ${keys} keys, ${size(progress.bytes)}, in ${seconds.toFixed(1)} s, of a dump made at ${header.createdAt}`;
    output.result(text, { keys, bytes: progress.bytes, header });
    return exitCodes.ok;
  } catch (error) {
    progress.close();
    const { keys } = progress;
    const data = `${keys} keys of the dump were written, and some of those that follow may be.`;
    const advice = 'The rest was not. When the cause is mended, run it again with --force: it writes the same again.';
    if (output.isJson) output.note(JSON.stringify({ error: { message: (error as Error).message, restoredKeys: keys } }));
    else output.note(renderError('kvctl', error, { data, advice }));
    return exitCodes.partlyDone;
  }
}

/** @returns how many records there are. @throws KvError INVALID_ARGUMENT if the file is no whole dump: nothing was written. */
async function checkAll(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0;
  try {
    for await (const _ of (await readDump(bytes)).records) count += 1;
    return count;
  } catch (cause) {
    if (!(cause instanceof DumpDamagedError)) throw cause;
    throw new KvError('INVALID_ARGUMENT', cause.message, { cause });
  }
}

/** Who does not answer may hold keys as well. */
async function refuseKeys(client: KvClient, call: CallOptions): Promise<void> {
  const { answers } = await gatherCluster(client, call);
  const silent = answers.find(({ status }) => status === undefined);
  if (silent !== undefined)
    throw new KvError('UNREACHABLE', `node ${silent.node.id} does not answer, so it is not known whether the cluster is empty`);
  const held = answers.find(({ status }) => (status?.keys ?? 0) > 0);
  if (held === undefined) return;
  throw new KvError(
    'INVALID_ARGUMENT',
    `the cluster is not empty: node ${held.node.id} holds ${held.status?.keys} keys. With --force those of the dump are overwritten, and the others stay`,
  );
}

async function isRegularFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (cause) {
    throw new KvError('INVALID_OPTION', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
