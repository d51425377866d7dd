import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SnapshotFiles, type SnapshotThread } from './snapshot-files.js';
import { SnapshotDamagedError } from './snapshot-format.js';
import { snapshotThread } from './snapshot-thread.fixture.js';
import type { SnapshotReply } from './snapshot-thread.js';

let folder: string;
let files: SnapshotFiles;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapshots-'));
  files = new SnapshotFiles(folder, snapshotThread());
});

afterEach(async () => {
  await files.close();
  rmSync(folder, { recursive: true });
});

async function write(name: string, payloads: readonly Uint8Array[], end: Uint8Array): Promise<void> {
  const writer = files.create(name);
  for (const payload of payloads) writer.append(payload);
  await writer.finish(end);
}

/** The payloads, that of the end last. @throws if the file has no end. */
async function read(name: string): Promise<Uint8Array[]> {
  const payloads: Uint8Array[] = [];
  let isComplete = false;
  for await (const { isEnd, payload } of files.read(name)) {
    payloads.push(new Uint8Array(payload));
    isComplete = isEnd;
  }
  if (!isComplete) throw new Error('no end');
  return payloads;
}

const payload = fc.uint8Array({ maxLength: 500 }).map((bytes) => new Uint8Array(bytes));

describe('snapshot files', () => {
  test('a file is read as it was written', async () => {
    let name = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { maxLength: 8 }), payload, async (payloads, end) => {
        await write(`${++name}`, payloads, end);
        expect(await read(`${name}`)).toEqual([...payloads, end]);
      }),
      { numRuns: 20 },
    );
  });

  test('a file larger than what is flushed at once is read as it was written', async () => {
    const payloads = Array.from({ length: 40 }, (_, index) => new Uint8Array(300_000).fill(index));
    await write('large', payloads, new Uint8Array(0));
    const found = await read('large');
    expect(found.map(({ length }) => length)).toEqual([...payloads.map(({ length }) => length), 0]);
    // A comparison of arrays this large by the test runner takes a minute.
    expect(Buffer.concat(found).equals(Buffer.concat(payloads))).toBe(true);
  });

  test('a file has its name only once it is complete', async () => {
    const writer = files.create('a');
    writer.append(Buffer.from('one'));
    await writer.written();
    expect(await files.list()).toEqual({ complete: [], incomplete: ['a.tmp'] });
    await writer.finish(Buffer.from('end'));
    expect(await files.list()).toEqual({ complete: ['a'], incomplete: [] });
  });

  test('an abandoned file leaves nothing', async () => {
    const writer = files.create('a');
    writer.append(Buffer.from('one'));
    await writer.abandon();
    expect(await files.list()).toEqual({ complete: [], incomplete: [] });
  });

  test('a file that could not be written leaves nothing once it is given up', async () => {
    const writer = files.create('a');
    writer.append(Buffer.from('one'));
    await writer.written();
    // The file cannot get its name.
    mkdirSync(join(folder, 'a'));
    await expect(writer.finish(Buffer.from('end'))).rejects.toMatchObject({ code: 'EISDIR' });
    expect((await files.list()).incomplete).toEqual(['a.tmp']);
    await writer.abandon();
    expect((await files.list()).incomplete).toEqual([]);
  });

  test('removed files are gone, and a name that does not exist is no error', async () => {
    await write('a', [], Buffer.from('end'));
    await write('b', [], Buffer.from('end'));
    await files.remove(['a', 'other']);
    expect((await files.list()).complete).toEqual(['b']);
  });

  test('a missing file is damage', async () => {
    await expect(read('missing')).rejects.toThrow(SnapshotDamagedError);
  });

  test('a file that was truncated anywhere is damage', async () => {
    await write('a', [Buffer.from('one'), Buffer.from('two')], Buffer.from('end'));
    const { length } = readFileSync(join(folder, 'a'));
    for (let bytes = length - 1; bytes >= 0; bytes--) {
      truncateSync(join(folder, 'a'), bytes);
      await expect(read('a')).rejects.toThrow(SnapshotDamagedError);
    }
  });

  test('a changed byte anywhere is damage, and so are bytes after the end', async () => {
    await write('a', [Buffer.from('one'), Buffer.from('two')], Buffer.from('end'));
    const good = readFileSync(join(folder, 'a'));
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at]! ^= 0x10;
      writeFileSync(join(folder, 'a'), bad);
      await expect(read('a')).rejects.toThrow(SnapshotDamagedError);
    }
    writeFileSync(join(folder, 'a'), Buffer.concat([good, Buffer.from([0])]));
    await expect(read('a')).rejects.toThrow(SnapshotDamagedError);
  });

  test('chunks that were exchanged are damage', async () => {
    await write('a', [Buffer.from('one'), Buffer.from('two')], Buffer.from('end'));
    const good = readFileSync(join(folder, 'a'));
    const [start, chunk] = [8, 19];
    const [one, two] = [good.subarray(start, start + chunk), good.subarray(start + chunk, start + 2 * chunk)];
    writeFileSync(join(folder, 'a'), Buffer.concat([good.subarray(0, start), two, one, good.subarray(start + 2 * chunk)]));
    await expect(read('a')).rejects.toThrow(SnapshotDamagedError);
  });

  test('an error fails everything that follows in the file, and no other file', async () => {
    const lost = files.create('no/such/folder');
    lost.append(Buffer.from('one'));
    await expect(lost.written()).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(lost.finish(Buffer.from('end'))).rejects.toThrow('ENOENT');
    await write('a', [], Buffer.from('end'));
    expect(await read('a')).toEqual([new Uint8Array(Buffer.from('end'))]);
  });

  test('what waits for a slow disk is seen as a backlog until half of it is written, or nothing is written any more', async () => {
    const requests: Parameters<SnapshotThread['postMessage']>[0][] = [];
    let reply: (reply: SnapshotReply) => void = () => {};
    let exit: (code: number) => void = () => {};
    const slow = new SnapshotFiles(folder, {
      postMessage: (request) => requests.push(request),
      on: (event: string, listener: (value: never) => void) => {
        if (event === 'message') reply = listener as typeof reply;
        if (event === 'exit') exit = listener as typeof exit;
      },
      terminate: async () => {},
    });
    const done = (): void => {
      requests.shift();
      reply({ error: undefined, code: undefined });
    };
    const writers = [slow.create('a'), slow.create('b')];
    const append = (): void => {
      for (let chunk = 0; chunk < 8; chunk++) for (const writer of writers) writer.append(new Uint8Array(512 * 1024));
    };
    for (const writer of writers) writer.append(new Uint8Array(1_000));
    expect(slow.backlog).toBeUndefined();
    append();
    let isOver = false;
    const over = slow.backlog?.then(() => {
      isOver = true;
    });
    expect(slow.backlog).toBeDefined();
    // Two files are created, and get their first chunks; then half of the large chunks are written.
    for (let count = 0; count < 4 + 7; count++) done();
    await nextTurn();
    expect(isOver).toBe(false);
    done();
    await over;
    expect(slow.backlog).toBeUndefined();

    append();
    const ended = slow.backlog;
    expect(ended).toBeDefined();
    exit(1);
    await ended;
    expect(slow.backlog).toBeUndefined();
    await slow.close();
  });

  test('what is under way when the files are closed is rejected', async () => {
    const writer = files.create('a');
    const finished = writer.finish(Buffer.from('end'));
    await files.close();
    await expect(finished).rejects.toThrow('closed');
    await expect(files.remove(['a'])).rejects.toThrow('closed');
  });
});
