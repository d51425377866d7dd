/** A process that commits is killed again and again: what it leaves is one of its commits as a whole, and none that it had reported is lost. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { StateDatabase } from '../database/state-database.js';
import { openLmdb } from './lmdb-database.js';
import { lmdbWorker } from './lmdb-worker.fixture.js';

const rounds = 8;
const steadyKeys = 40;
/** Of the keys that are written once, one for each commit, so many are there. */
const windowKeys = 25;

/** Commits, from the one on that is found, and prints the number of each. The compiled module: a thread does not load TypeScript. */
const committer = `(async () => {
const [, module, folder] = process.argv;
const { openLmdb } = await import(module);
const name = { writerId: '0123456789abcdef', resets: 0, complete: true };
const positionAt = (seq) => ({ ...name, seq, epoch: 1, epochId: '', throughSeq: seq, requestFloor: 0, timeMs: 0 });
const database = await openLmdb({ folder, cacheBytes: 2 ** 40 });
let seq = database.found[0]?.position.seq ?? 0;
if (database.found.length === 0) for (const shard of [0, 1]) await database.begin(shard, positionAt(0));
const rowOf = (key, text, expiresAtMs) => ({ key, value: text && Buffer.from(text), version: seq, expiresAtMs });
for (;;) {
  seq++;
  const rows = Array.from({ length: ${steadyKeys} }, (_, index) => rowOf('steady ' + index, String(seq).repeat(index * 7)));
  rows.push(rowOf('window ' + seq, 'x', seq), rowOf('window ' + (seq - ${windowKeys})));
  const requests = { isWhole: seq % 10 === 0, bytes: Buffer.from(String(seq)) };
  await database.commit([0, 1].map((shard) => ({ shard, rows, position: positionAt(seq), requests })));
  process.stdout.write(seq + '\\n');
}
})()`;

/** @returns the last commit that it has reported. */
async function commitUntilKilled(module: string, folder: string, commits: number): Promise<number> {
  const child = spawn(process.execPath, ['--eval', committer, module, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = 0;
  let seen = 0;
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    if (++seen === commits) child.kill('SIGKILL');
  }
  return last;
}

async function checkShard(database: StateDatabase, shard: number): Promise<number> {
  const { position, totals, requests, earliestExpiryMs } = database.found.find((copy) => copy.shard === shard)!;
  const { seq } = position;
  const { rows } = await database.page(shard, { from: '', most: 1_000, maxBytes: 2 ** 30 });
  const texts = new Map(rows.map(({ key, value }) => [key, Buffer.from(value!).toString()]));
  const firstOfWindow = Math.max(1, seq - windowKeys + 1);
  const window = Array.from({ length: seq - firstOfWindow + 1 }, (_, index) => firstOfWindow + index);
  expect(texts).toEqual(
    new Map([
      ...Array.from({ length: steadyKeys }, (_, index) => [`steady ${index}`, String(seq).repeat(index * 7)] as const),
      ...window.map((number) => [`window ${number}`, 'x'] as const),
    ]),
  );
  expect(totals).toEqual({
    keys: texts.size,
    expiring: window.length,
    bytes: [...texts].reduce((sum, [key, text]) => sum + key.length + text.length, 0),
  });
  expect((await database.earliest(shard, 1_000)).map(({ expiresAtMs }) => expiresAtMs)).toEqual(window);
  expect(earliestExpiryMs).toBe(firstOfWindow);
  const firstPart = Math.max(1, seq - (seq % 10));
  expect(requests.map((bytes) => Number(Buffer.from(bytes).toString()))).toEqual(
    Array.from({ length: seq - firstPart + 1 }, (_, index) => firstPart + index),
  );
  return seq;
}

test('a process that is killed during a commit leaves all of it or nothing', async () => {
  const script = join(import.meta.dirname, '../../../dist/src/storage/lmdb/index.js');
  if (!existsSync(script)) throw new Error(`${script} is not built: run npm run build`);
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-lmdb-killed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (let round = 1; round <= rounds; round++) {
    const reported = await commitUntilKilled(pathToFileURL(script).href, folder, round * 7);
    const database = await openLmdb({ folder, cacheBytes: Number.POSITIVE_INFINITY, startWorker: lmdbWorker });
    const seq = await checkShard(database, 0);
    expect(seq).toBeGreaterThanOrEqual(reported);
    expect(await checkShard(database, 1)).toBe(seq);
    await database.close();
  }
});
