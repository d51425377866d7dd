import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

function run(path: string, mput: KvClient['mput'], output = new Output(true)): Promise<number> {
  return restoreCommand.run({
    connect: async () => ({ mput, onTopology: () => () => {} }) as unknown as KvClient,
    operands: [path],
    options: { force: true },
    connection: { nodes: undefined, zk: undefined, root: undefined },
    call: { deadlineMs: 1_000, signal: new AbortController().signal },
    isStdinTaken: false,
    output,
  });
}

test.each([
  // A pipe is not a regular file, so it is not checked before the restore begins.
  ['/dev/null', 'INVALID_ARGUMENT', 'it does not begin as a dump'],
  [tmpdir(), 'INVALID_OPTION', 'the dump cannot be read: EISDIR'],
  [join(folder, 'none'), 'INVALID_OPTION', 'cannot be read: ENOENT'],
])('restore - a failure before anything is sent, from %s, has changed nothing', async (path, code, message) => {
  const mput = vi.fn<KvClient['mput']>();
  await expect(run(path, mput)).rejects.toMatchObject({ code, executed: 'no', message: expect.stringContaining(message) });
  expect(mput).not.toHaveBeenCalled();
});

test('restore - a later failure reports the number of written keys, with an error code', async () => {
  const path = join(folder, 'dump');
  const encoder = new DumpEncoder();
  const header = { formatVersion: dumpFormatVersion, clusterId: 'c', shards: 1, createdAt: '', softwareVersion: '' };
  const records = Array.from({ length: 1_500 }, (_, index) => ({ key: `k${index}`, value: Buffer.alloc(1), version: 1 }));
  writeFileSync(path, Buffer.concat([encoder.header(header), encoder.encode(records), encoder.end()]));
  const mput: KvClient['mput'] = async (entries) =>
    entries.map(({ key }) =>
      key === 'k1200'
        ? { key, ok: false, error: new KvError('MEMORY_FULL', 'no room') }
        : { key, ok: true, version: 1, nodeId: 'a' },
    );
  const output = new Output(true);
  const notes: string[] = [];
  vi.spyOn(output, 'note').mockImplementation((text) => void notes.push(text));
  expect(await run(path, mput, output)).toBe(6);
  expect(notes.map((note) => JSON.parse(note))).toMatchObject([
    { error: { code: 'MEMORY_FULL', executed: 'unknown', restoredKeys: 1_000 } },
  ]);
});
