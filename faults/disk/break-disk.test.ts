import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const compiled = join(import.meta.dirname, '../../dist');

/** Appends a record to a log for each line of its input, and reports what becomes of it. */
const program = `
import { createInterface } from 'node:readline';
import { LogScan, openLog } from '${pathToFileURL(join(compiled, 'src/storage/wal/index.js'))}';
const scan = new LogScan({ folder: process.env.LOG_FOLDER, owner: { clusterId: 'cluster', nodeId: 'node' } });
for (const _ of scan.records());
const log = await openLog(scan, [], { segmentBytes: 64 * 1024, checkpoint: () => {} });
const journal = log.journal({ shard: 0, id: '0123456789abcdef' });
log.failure.then((error) => console.log('failed ' + error.code));
console.log('open');
for await (const line of createInterface({ input: process.stdin })) {
  console.log('appended ' + line);
  journal.append(1, Buffer.from(line)).then(() => console.log('kept ' + line));
}
process.exit();
`;

class LogProcess {
  readonly orders: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    const preload = join(compiled, 'faults/disk/break-disk.js');
    if (!existsSync(preload)) throw new Error(`${preload} is not built: run npm run build`);
    const folder = mkdtempSync(join(tmpdir(), 'kvnode-break-disk-'));
    this.orders = join(folder, 'orders');
    const env = { ...process.env, KVNODE_BREAK_DISK: this.orders, LOG_FOLDER: join(folder, 'wal') };
    const script = join(folder, 'program.mjs');
    writeFileSync(script, program);
    this.#child = spawn(process.execPath, ['--import', pathToFileURL(preload).href, script], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
  }

  append(text: string): void {
    this.#child.stdin.write(`${text}\n`);
  }

  async line(): Promise<string> {
    return (await this.#lines.next()).value;
  }
}

test('without an order the disk works; with one, a flush hangs until the order is gone, or fails', async () => {
  const log = new LogProcess();
  expect(await log.line()).toBe('open');
  log.append('a');
  expect([await log.line(), await log.line()]).toEqual(['appended a', 'kept a']);

  writeFileSync(log.orders, 'hang elsewhere/\nhang wal/\n');
  const texts = Array.from({ length: 20 }, (_, index) => `b${index}`);
  for (const text of texts) {
    log.append(text);
    // A record that is kept would be reported between these.
    expect(await log.line()).toBe(`appended ${text}`);
  }
  rmSync(log.orders);
  for (const text of texts) expect(await log.line()).toBe(`kept ${text}`);

  writeFileSync(log.orders, 'fail wal/\n');
  log.append('d');
  expect([await log.line(), await log.line()]).toEqual(['appended d', 'failed EIO']);
});

test('a disk that is full fails a write', async () => {
  const log = new LogProcess();
  expect(await log.line()).toBe('open');
  writeFileSync(log.orders, 'full wal/\n');
  log.append('a');
  expect([await log.line(), await log.line()]).toEqual(['appended a', 'failed ENOSPC']);
});
