/** Snapshot files that a real thread writes, as in a node, and threads that end by themselves. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { SnapshotFiles, startSnapshotThread } from './snapshot-files.js';

/** The compiled module: a thread does not load TypeScript. */
function compiledThread() {
  const script = join(import.meta.dirname, '../../../dist/src/storage/snapshots/snapshot-worker.js');
  if (!existsSync(script)) throw new Error(`${script} is not built: run npm run build`);
  return startSnapshotThread(pathToFileURL(script));
}

/** A thread that does this when it receives its first request. */
function threadThat(does: string) {
  const script = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { ${does} });`;
  return startSnapshotThread(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
}

function filesWith(thread: ReturnType<typeof startSnapshotThread>): SnapshotFiles {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-snapshot-thread-'));
  const files = new SnapshotFiles(folder, thread);
  onTestFinished(async () => {
    await files.close();
    rmSync(folder, { recursive: true });
  });
  return files;
}

test('files that a real thread writes at the same time are read as they were written', async () => {
  const files = filesWith(compiledThread());
  const names = ['a', 'b', 'c'];
  const contents = Array.from({ length: 200 }, (_, index) => Buffer.from(`chunk ${index}`.padEnd(10_000, '.')));
  const writers = names.map((name) => files.create(name));
  for (const content of contents) for (const writer of writers) writer.append(content);
  await Promise.all(writers.map((writer) => writer.finish(Buffer.from('end'))));
  for (const name of names) {
    const found: Buffer[] = [];
    for await (const { payload } of files.read(name)) found.push(Buffer.from(payload));
    expect(Buffer.concat(found).equals(Buffer.concat([...contents, Buffer.from('end')]))).toBe(true);
  }
  await files.remove(['a', 'b']);
  expect(await files.list()).toEqual({ complete: ['c'], incomplete: [] });
});

test('an error of the file system in a real thread has its code, and harms no other file', async () => {
  const files = filesWith(compiledThread());
  const lost = files.create('no/such/folder');
  lost.append(Buffer.from('one'));
  await expect(lost.finish(Buffer.from('end'))).rejects.toMatchObject({ code: 'ENOENT' });
  await files.create('a').finish(Buffer.from('end'));
  expect((await files.list()).complete).toEqual(['a']);
});

test.each([
  ['exits', 'process.exit(3)', /has ended \(exit code 3\).*What was acknowledged is in the log/],
  ['throws', "throw new Error('out of luck')", /has ended \(out of luck\).*What was acknowledged is in the log/],
])('a thread that %s fails what is under way and everything after it, and reports that', async (_, does, message) => {
  const files = filesWith(threadThat(does));
  const writer = files.create('a');
  writer.append(Buffer.from('one'));
  await expect(writer.finish(Buffer.from('end'))).rejects.toThrow(message);
  await expect(files.remove(['b'])).rejects.toThrow(message);
  expect((await files.failure).message).toMatch(message);
});

test('a thread that ends while nothing is under way is reported, and one that was closed is not', async () => {
  const thread = compiledThread();
  const files = filesWith(thread);
  await files.create('a').finish(Buffer.from('end'));
  await thread.terminate();
  expect((await files.failure).message).toContain('the thread that writes snapshot files has ended');

  const other = filesWith(compiledThread());
  await other.close();
  expect(await Promise.race([other.failure, 'nothing'])).toBe('nothing');
});
