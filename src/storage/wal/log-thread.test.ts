import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { realFiles } from './log-files.js';
import { startLogThread } from './log-thread.js';
import { payloadOf, replicaOf, scanAll, TestLog } from './wal.fixture.js';

/** The compiled module: a thread does not load TypeScript. */
function startCompiledThread() {
  const script = join(import.meta.dirname, '../../../dist/src/storage/wal/log-thread-main.js');
  if (!existsSync(script)) throw new Error(`${script} is not built: run npm run build`);
  return startLogThread(pathToFileURL(script));
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-log-thread-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a log whose batches are written by a real thread keeps everything', async () => {
  const folder = temporaryFolder();
  const { log, journal } = await open(folder);
  const expected = Array.from({ length: 500 }, (_, index) => `record ${index}`);
  for (const [index, text] of expected.entries()) {
    const kept = journal.append(1, payloadOf(text), index + 1);
    if (index % 50 === 49) await kept;
  }
  await log.close();
  expect(scanAll(realFiles, { folder }).records.map(({ payload }) => payload)).toEqual(expected);
});

async function open(folder: string) {
  const opened = await TestLog.open(realFiles, { startThread: startCompiledThread }, [], { folder });
  return { log: opened.log, journal: opened.journal(replicaOf(3)) };
}

test('an error of the file system in a thread has its code, and jobs of a thread that has ended fail', async () => {
  const thread = startCompiledThread();
  await expect(thread.run({ kind: 'create', path: '/does/not/exist' })).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(thread.run({ kind: 'close', file: 1_000_000 })).rejects.toMatchObject({ code: 'EBADF' });
  await thread.end();
  await expect(thread.run({ kind: 'flush', file: 1 })).rejects.toThrow('a thread of the log has ended');
});
