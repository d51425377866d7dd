/**
 * Writes a dump into a cluster. A file is checked from end to end before anything is written. A pipe can only be checked while it is
 * read. Keys that exist are left as they are, unless `--force` is given. A restore that was interrupted goes on with `--resume`.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { KvClient } from '../../../client/index.js';
import { DumpDamagedError, type DumpRecord, readDump } from '../../../dump/index.js';
import { KvError } from '../../../errors.js';
import { type Command, type CommandContext, expectOperands } from '../command.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { size } from '../figures.js';
import { gatherCluster } from '../status/gather.js';
import { reportWait } from '../waiting.js';
import { findLostShard } from './lost-shard.js';
import { ProgressFile } from './restore-progress.js';
import { writeRecords } from './restore-records.js';
import { RestoredKeys } from './restored-keys.js';
import { TransferProgress } from './transfer-progress.js';

export const restoreCommand: Command = {
  name: 'restore',
  operands: 'FILE | -',
  summary: 'Write all keys and values of a dump, read from a file or stdin (-)',
  details:
    'Keys that exist are left as they are. While it runs, FILE.restore-progress beside the dump says how far it has come: with --resume ' +
    'a restore that was interrupted, in whatever way, goes on there.',
  isWrite: true,
  options: {
    force: { type: 'boolean', describe: 'Restore also into a cluster that holds keys; keys of the dump are overwritten' },
    resume: { type: 'boolean', describe: 'Go on with a restore that was interrupted; keys that exist are left as they are' },
  },
  async run(context) {
    expectOperands(restoreCommand, context.operands, 1);
    try {
      return await restoreFile(context);
    } catch (error) {
      // The command line is right: it is the dump that is damaged, or the cluster that holds keys.
      if (!(error instanceof KvError) || error.code !== 'INVALID_ARGUMENT') throw error;
      context.output.failure(error, true);
      return exitCodes.failed;
    }
  },
};

async function restoreFile(context: CommandContext): Promise<ExitCode> {
  const { connect, operands, options, isStdinTaken } = context;
  const path = operands[0] ?? '';
  if (path === '-' && isStdinTaken) throw new KvError('INVALID_OPTION', 'commands are read from stdin here; name a file');
  const isFile = path !== '-' && (await isRegularFile(path));
  const open = () => (path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1024 * 1024 }));
  const found = isFile ? await checkAll(open()) : undefined;
  const client = await connect();
  const file = found && new ProgressFile(path, found.digest, client.knownTopology?.clusterId ?? '');
  const done = (await file?.read()) ?? 0;
  if (options.force !== true && options.resume !== true) await refuseKeys(client, context, done);
  const before = options.resume === true && done > 0 ? await keptOf(client, open(), done, context) : 0;
  const restored = new RestoredKeys(before, file, context.output);
  return await restore(client, open(), { restored, expectedKeys: found?.records ?? 0 }, context);
}

/** @returns how many of the first records need not be written again: all that an earlier restore has written, or none. */
async function keptOf(
  client: KvClient,
  bytes: AsyncIterable<Uint8Array>,
  done: number,
  { call, output }: CommandContext,
): Promise<number> {
  const { records } = await readDump(bytes);
  const lost = await findLostShard(client, records, done, call);
  if (lost === undefined) return done;
  output.note(`shard ${lost} holds none of the keys that were restored before: it has lost its data, so the restore begins anew`);
  return 0;
}

async function restore(
  client: KvClient,
  bytes: AsyncIterable<Uint8Array>,
  { restored, expectedKeys }: { readonly restored: RestoredKeys; readonly expectedKeys: number },
  { call, options, output }: CommandContext,
): Promise<ExitCode> {
  const progress = new TransferProgress('restored', Math.max(0, expectedKeys - restored.before), output);
  let hasBegun = false;
  const mput: KvClient['mput'] = (entries, options) => {
    hasBegun = true;
    const keys = entries.map(({ key }) => key);
    return reportWait(client, keys, output, () => client.mput(entries, options));
  };
  const overwrites = options.force === true;
  try {
    const dump = await readDump(bytes);
    await restored.begin();
    await writeRecords({ mput }, after(dump.records, restored.before), { overwrites }, call, async (batch) => {
      progress.add(batch.keys, batch.bytes);
      await restored.add(batch);
    });
    await restored.complete();
    progress.close();
    const text = `${restored.text}, ${size(progress.bytes)}, in ${progress.seconds.toFixed(1)} s, from a dump made at ${dump.header.createdAt}`;
    output.result(text, { ...restored.json, bytes: progress.bytes, header: dump.header, shards: dump.shards });
    return exitCodes.ok;
  } catch (thrown) {
    progress.close();
    const error = call.signal.aborted ? new KvError('CANCELLED', 'given up') : withCode(thrown);
    if (!hasBegun) throw error;
    const { keys } = restored;
    const data = `${keys} keys of the dump were written, and perhaps some of the next keys. The rest was not.`;
    const again = overwrites ? '--force --resume' : '--resume';
    const advice = `Remove the cause, then run the command again with ${again}: it goes on where this one ended.`;
    // Even if the failed write was not executed, the restore as a whole has changed something.
    output.failure(error, true, { data, advice }, { executed: 'unknown', restoredKeys: keys });
    return exitCodes.partlyDone;
  }
}

/** Leaves out the first records. */
async function* after(records: AsyncIterable<DumpRecord>, count: number): AsyncGenerator<DumpRecord, void> {
  let left = count;
  for await (const record of records) {
    if (left > 0) left -= 1;
    else yield record;
  }
}

interface CheckedDump {
  readonly records: number;
  /** Identifies the file. */
  readonly digest: string;
}

/** @throws KvError if the file is not a whole dump, or cannot be read. */
async function checkAll(bytes: AsyncIterable<Uint8Array>): Promise<CheckedDump> {
  let records = 0;
  try {
    const dump = await readDump(bytes);
    for await (const _ of dump.records) records += 1;
    return { records, digest: dump.digest ?? '' };
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

/**
 * Refuses a cluster that holds keys. A node that does not answer may hold keys as well.
 *
 * @param done records of the dump that an interrupted restore has written
 */
async function refuseKeys(client: KvClient, { call, output }: CommandContext, done: number): Promise<void> {
  const { answers } = await gatherCluster(client, call, output);
  const silent = answers.find(({ status }) => status === undefined);
  if (silent !== undefined)
    throw new KvError('UNREACHABLE', `node ${silent.node.id} does not answer, so it is not known whether the cluster is empty`);
  const held = answers.find(({ status }) => (status?.keys ?? 0) > 0);
  if (held === undefined) return;
  const earlier = done === 0 ? '' : `; a restore of this dump was interrupted after ${done} keys, and goes on with --resume`;
  throw new KvError(
    'INVALID_ARGUMENT',
    `the cluster is not empty: node ${held.node.id} holds keys (${held.status?.keys})${earlier}. With --force the keys of the dump are overwritten, and the others stay; with --resume only keys that do not exist are written`,
  );
}

async function isRegularFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (cause) {
    throw new KvError('INVALID_OPTION', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
