import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { KvClient } from '../../../client/index.js';
import { DumpEncoder, dumpFormatVersion } from '../../../dump/index.js';
import { KvError } from '../../../errors.js';
import { Output } from '../output.js';
import { restoreCommand } from './restore.js';

const folder = mkdtempSync(join(tmpdir(), 'kvctl-restore-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs it in a cluster that is not asked whether it is empty: with one of the options that allow it to hold keys. */
function run(
  path: string,
  mput: KvClient['mput'],
  { output = new Output(true), options = { force: true }, clusterId = 'one', holds = true } = {},
): Promise<number> {
  const knownTopology = { clusterId, shards: [{}] };
  const mget = async (keys: string[]) => keys.map(() => (holds ? {} : undefined));
  return restoreCommand.run({
    connect: async () => ({ mput, mget, knownTopology, onTopology: () => () => {} }) as unknown as KvClient,
    operands: [path],
    options,
    connection: { nodes: undefined, zk: undefined, root: undefined },
    call: { deadlineMs: 1_000, signal: new AbortController().signal },
    isStdinTaken: false,
    output,
  });
}

test.each([
  [tmpdir(), 'the dump cannot be read: EISDIR'],
  [join(folder, 'none'), 'cannot be read: ENOENT'],
])('restore - of %s, which is no file, is a wrong command', async (path, message) => {
  const mput = vi.fn<KvClient['mput']>();
  const error = { code: 'INVALID_OPTION', executed: 'no', message: expect.stringContaining(message) };
  await expect(run(path, mput)).rejects.toMatchObject(error);
  expect(mput).not.toHaveBeenCalled();
});

test('restore - what is no dump has changed nothing, and the command fails', async () => {
  const mput = vi.fn<KvClient['mput']>();
  const { output, notes } = jsonOutput();
  // A pipe is not a regular file, so it is not checked before the restore begins.
  expect(await run('/dev/null', mput, { output })).toBe(1);
  const message = expect.stringContaining('it does not begin as a dump');
  expect(notes).toMatchObject([{ error: { code: 'INVALID_ARGUMENT', executed: 'no', message } }]);
  expect(mput).not.toHaveBeenCalled();
});

/** A dump of 2,500 keys. */
function writeDump(name: string): string {
  const path = join(folder, name);
  const encoder = new DumpEncoder();
  const header = { formatVersion: dumpFormatVersion, clusterId: name, shards: 1, createdAt: '', softwareVersion: '' };
  const position = { shard: 0, history: 'h', epoch: 1, seq: 2_500 };
  const records = Array.from({ length: 2_500 }, (_, index) => ({ key: `k${index}`, value: Buffer.alloc(1), version: 1 }));
  writeFileSync(path, Buffer.concat([encoder.header(header), encoder.shard(position), encoder.encode(records), encoder.end()]));
  return path;
}

/** Stores keys. Refuses one of them if it is named. */
function targetOf(refused?: string) {
  const stored: string[] = [];
  const mput: KvClient['mput'] = async (entries) =>
    entries.map(({ key }) => {
      if (key === refused) return { key, ok: false, error: new KvError('MEMORY_FULL', 'no room') };
      stored.push(key);
      return { key, ok: true, version: 1, nodeId: 'a' };
    });
  return { stored, mput };
}

function jsonOutput(): { readonly output: Output; readonly notes: unknown[]; readonly results: object[] } {
  const output = new Output(true);
  const notes: unknown[] = [];
  const results: object[] = [];
  vi.spyOn(output, 'note').mockImplementation((text) => void notes.push(text.startsWith('{') ? JSON.parse(text) : text));
  vi.spyOn(output, 'result').mockImplementation((_, json) => void results.push(json));
  return { output, notes, results };
}

const progressOf = (path: string): string => `${path}.restore-progress`;
const resume = { resume: true } as unknown as { force: boolean };

test('restore - a later failure reports the number of written keys, with an error code', async () => {
  const { output, notes } = jsonOutput();
  expect(await run(writeDump('failing'), targetOf('k1200').mput, { output })).toBe(6);
  expect(notes).toMatchObject([{ error: { code: 'MEMORY_FULL', executed: 'unknown', restoredKeys: 1_000 } }]);
});

test('restore - goes on after the batches that an earlier one has written, and keeps no progress at its end', async () => {
  const path = writeDump('interrupted');
  await run(path, targetOf('k2100').mput, { output: jsonOutput().output });
  expect(JSON.parse(readFileSync(progressOf(path), 'utf8'))).toMatchObject({ clusterId: 'one', records: 2_000 });
  const { output, results } = jsonOutput();
  const target = targetOf();
  expect(await run(path, target.mput, { output, options: resume })).toBe(0);
  expect([target.stored.length, target.stored[0]]).toEqual([500, 'k2000']);
  expect(results).toMatchObject([{ keys: 500, existing: 0, restoredBefore: 2_000, shards: [{ seq: 2_500 }] }]);
  expect(existsSync(progressOf(path))).toBe(false);
});

test('restore - begins anew where what was restored before has been lost', async () => {
  const path = writeDump('lost');
  await run(path, targetOf('k2100').mput, { output: jsonOutput().output });
  const { output, notes } = jsonOutput();
  const target = targetOf();
  expect(await run(path, target.mput, { output, options: resume, holds: false })).toBe(0);
  expect([target.stored.length, notes]).toEqual([2_500, [expect.stringContaining('it has lost its data')]]);
});

test.each([
  ['of another dump', (path: string) => copyFileSync(progressOf(path), progressOf(writeDump('other'))), 'other', 'one'],
  ['into another cluster', () => {}, 'first', 'two'],
  ['that is damaged', (path: string) => writeFileSync(progressOf(path), 'no progress'), 'first', 'one'],
])('restore - a progress %s does not count', async (_, change, name, clusterId) => {
  const path = writeDump('first');
  await run(path, targetOf('k1200').mput, { output: jsonOutput().output });
  change(path);
  const target = targetOf();
  const { output } = jsonOutput();
  expect(await run(join(folder, name), target.mput, { output, options: resume, clusterId })).toBe(0);
  expect(target.stored).toHaveLength(2_500);
});

test('restore - where the progress cannot be kept, it says so and goes on', async () => {
  const path = writeDump('unwritable');
  mkdirSync(`${progressOf(path)}.new`);
  const { output, notes } = jsonOutput();
  expect(await run(path, targetOf().mput, { output })).toBe(0);
  expect(notes).toEqual([expect.stringContaining('the progress cannot be kept')]);
});
