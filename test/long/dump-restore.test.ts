/** kvctl dump and restore between two clusters, and restore with an incomplete file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, expect, test, vi } from 'vitest';
import { readDump } from '../../src/dump/index.js';
import { startCluster } from '../cluster/support/cluster.js';
import { runKvctl, startKvctl } from '../cluster/support/kvctl.js';

const folder = mkdtempSync(join(tmpdir(), 'kvctl-dump-'));
afterAll(() => rmSync(folder, { recursive: true }));

const entries = [
  ...Array.from({ length: 3_000 }, (_, index) => ({ key: `key:${index}`, value: Buffer.from(`value ${index}`) })),
  { key: 'empty', value: Buffer.alloc(0) },
  { key: 'large', value: Buffer.alloc(1024 * 1024, 0xff) },
  { key: 'line\nbreak \u{1f511}', value: Buffer.from([0, 255, 13, 10]) },
];

/** Longer than the test. */
const ttlMs = 3_600_000;

test('kvctl dump and restore - copy into a cluster with other shards, and refuse damaged files and used clusters', async () => {
  await using from = await startCluster({ nodes: 2, shards: 4, extra: ['--session-ms', '20000'] });
  await using to = await startCluster({ nodes: 2, shards: 3 });
  await using source = await from.connect();
  await using target = await to.connect();
  for (const outcome of await source.mput(entries)) expect(outcome.ok).toBe(true);
  await source.touch('key:1', ttlMs);
  const restore = (words: string[], stdin?: Uint8Array) =>
    runKvctl(['--nodes', to.addresses.join(','), 'restore', ...words], stdin === undefined ? {} : { stdin });

  const expectAll = async (): Promise<void> => {
    const found = await target.mget(entries.map(({ key }) => key));
    for (const [index, { key, value }] of entries.entries()) expect(found[index]?.value.equals(value), key).toBe(true);
  };

  const dump = await runKvctl(['--nodes', from.addresses.join(','), 'dump']);
  expect(dump).toMatchObject({ code: 0, stderr: expect.stringContaining(`dumped ${entries.length} keys`) });

  const cut = join(folder, 'cut');
  writeFileSync(cut, dump.bytes.subarray(0, dump.bytes.length - 1));
  const refused = await restore([cut]);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('the dump is damaged at byte') });
  expect(refused.stderr).toContain('nothing was changed');
  expect((await to.statuses())[0]?.keys).toBe(0);

  const whole = join(folder, 'whole');
  writeFileSync(whole, dump.bytes);
  const restored = await restore([whole]);
  expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining(`restored ${entries.length} keys`) });
  await expectAll();
  const [withTtl, without] = await target.mget(['key:1', 'key:2']);
  expect(withTtl?.expiresInMs).toBeGreaterThan(0);
  expect(withTtl?.expiresInMs).toBeLessThanOrEqual(ttlMs);
  expect(without?.expiresInMs).toBeUndefined();

  const again = await restore([whole]);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('the cluster is not empty') });

  // In a pipe the damage is detected during the restore.
  await target.put('key:1', 'changed');
  const half = await restore(['--force', '--json', '-'], dump.bytes.subarray(0, dump.bytes.length - 1));
  expect(half).toMatchObject({ code: 6, stdout: '' });
  expect(JSON.parse(half.stderr)).toMatchObject({ error: { code: 'INVALID_ARGUMENT', restoredKeys: expect.any(Number) } });
  const forced = await restore(['--force', '-'], dump.bytes);
  expect(forced.code).toBe(0);
  expect((await target.get('key:1'))?.value.toString()).toBe('value 1');

  // A primary dies in the middle of a dump and of a restore. Both finish.
  await from.waitForInSync(2);
  const victim = await from.primary();
  victim.freeze();
  const dumping = startKvctl(['--nodes', from.addresses.join(','), '--deadline-ms', '20000', 'dump']);
  await dumping.notes(/waiting: /);
  await victim.kill();
  const second = await dumping.ended;
  expect(second).toMatchObject({ code: 0, stderr: expect.stringContaining(`dumped ${entries.length} keys`) });

  const first = (await (await readDump(Readable.from([second.bytes]))).records.next()).value!;
  for (const outcome of await target.mput(entries.map(({ key }) => ({ key, value: 'changed' })))) expect(outcome.ok).toBe(true);
  await to.waitForInSync(2);
  const dead = await to.primary();
  async function* killInTheMiddle(): AsyncGenerator<Uint8Array> {
    yield second.bytes.subarray(0, -10);
    await vi.waitUntil(async () => (await target.get(first.key))?.value.equals(first.value), { timeout: 30_000 });
    await dead.kill();
    yield second.bytes.subarray(-10);
  }
  const words = ['--nodes', to.addresses.join(','), '--deadline-ms', '20000', 'restore', '--force', '-'];
  const restoring = await runKvctl(words, { stdin: killInTheMiddle() });
  expect(restoring).toMatchObject({ code: 0, stdout: expect.stringContaining(`restored ${entries.length} keys`) });
  await expectAll();
});
