/**
 * Writes a dump into a cluster. A file is checked from end to end before anything is written. A pipe can only be
 * checked while it is read. Writes are unconditional and may be repeated, so an interrupted restore is simply run
 * again.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { KvClient } from '../../../client/index.js';
import { DumpDamagedError, readDump } from '../../../dump/index.js';
import { KvError } from '../../../errors.js';
import { type Command, type CommandContext, expectOperands } from '../command.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { size } from '../figures.js';
import { gatherCluster } from '../status/gather.js';
import { reportWait } from '../waiting.js';
import { writeRecords } from './restore-records.js';
import { TransferProgress } from './transfer-progress.js';

export const restoreCommand: Command = {
  name: 'restore',
  operands: 'FILE | -',
  summary: 'Write all keys and values of a dump, read from a file or stdin (-)',
  isWrite: true,
  options: {
    force: { type: 'boolean', describe: 'Restore also into a cluster that holds keys; keys of the dump are overwritten' },
  },
  async run(context) {
    const { connect, operands, options, isStdinTaken } = context;
    expectOperands(restoreCommand, operands, 1);
    const path = operands[0] ?? '';
    if (path === '-' && isStdinTaken) throw new KvError('INVALID_OPTION', 'commands are read from stdin here; name a file');
    const isFile = path !== '-' && (await isRegularFile(path));
    const open = () => (path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1024 * 1024 }));
    const found = isFile ? await checkAll(open()) : undefined;
    const client = await connect();
    if (options.force !== true) await refuseKeys(client, context);
    return await restore(client, open(), found, context);
  },
};

async function restore(
  client: KvClient,
  bytes: AsyncIterable<Uint8Array>,
  expectedKeys: number | undefined,
  { call, output }: CommandContext,
): Promise<ExitCode> {
  const progress = new TransferProgress('restored', expectedKeys ?? 0, output);
  let hasBegun = false;
  const mput: KvClient['mput'] = (entries, options) => {
    hasBegun = true;
    const keys = entries.map(({ key }) => key);
    return reportWait(client, keys, output, () => client.mput(entries, options));
  };
  try {
    const { header, records } = await readDump(bytes);
    await writeRecords({ mput }, records, call, (keys, size) => progress.add(keys, size));
    const { keys, seconds } = progress;
    progress.close();
    const text = `restored ${keys} keys, ${size(progress.bytes)}, in ${seconds.toFixed(1)} s, from a dump made at ${header.createdAt}`;
    output.result(text, { keys, bytes: progress.bytes, header });
    return exitCodes.ok;
  } catch (thrown) {
    progress.close();
    const error = call.signal.aborted ? new KvError('CANCELLED', 'given up') : withCode(thrown);
    if (!hasBegun) throw error;
    const { keys } = progress;
    const data = `${keys} keys of the dump were written, and perhaps some of the next keys. The rest was not.`;
    const advice = 'Remove the cause, then run the command again with --force: it writes every key again.';
    // Even if the failed write was not executed, the restore as a whole has changed something.
    output.failure(error, true, { data, advice }, { executed: 'unknown', restoredKeys: keys });
    return exitCodes.partlyDone;
  }
}

/** @returns the number of records. @throws KvError if the file is not a whole dump, or cannot be read. */
async function checkAll(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0;
  try {
    for await (const _ of (await readDump(bytes)).records) count += 1;
    return count;
  } catch (error) {
    throw withCode(error);
  }
}

/**
 * Converts an error of the dump file to a KvError. Its code means that nothing was written, which is true before the
 * first write.
 */
function withCode(error: unknown): unknown {
  if (error instanceof DumpDamagedError) return new KvError('INVALID_ARGUMENT', error.message, { cause: error });
  const isOfFile = error instanceof Error && 'syscall' in error;
  return isOfFile ? new KvError('INVALID_OPTION', `the dump cannot be read: ${error.message}`, { cause: error }) : error;
}

/** Refuses a cluster that holds keys. A node that does not answer may hold keys as well. */
async function refuseKeys(client: KvClient, { call, output }: CommandContext): Promise<void> {
  const { answers } = await gatherCluster(client, call, output);
  const silent = answers.find(({ status }) => status === undefined);
  if (silent !== undefined)
    throw new KvError('UNREACHABLE', `node ${silent.node.id} does not answer, so it is not known whether the cluster is empty`);
  const held = answers.find(({ status }) => (status?.keys ?? 0) > 0);
  if (held === undefined) return;
  throw new KvError(
    'INVALID_ARGUMENT',
    `the cluster is not empty: node ${held.node.id} holds keys (${held.status?.keys}). With --force the keys of the dump are overwritten, and the others stay`,
  );
}

async function isRegularFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (cause) {
    throw new KvError('INVALID_OPTION', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
