/** Nodes that are started, and stopped, on a disk that hangs or is full: they end when they are told to, and need no room to start. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NodeProcess } from '../../local/node-process.js';
import { parseAddress } from '../../src/config/index.js';
import { startBreakable } from './support/broken-disk.js';
import { Written } from './support/lost-history.js';

/** Short sessions, so that a dead node is detected soon. */
const extra = ['--session-ms', '2000'];

/** Starts an ended node on its port, and does not wait until it listens. */
function begin({ options, address }: NodeProcess): NodeProcess {
  return NodeProcess.spawn({ ...options, port: parseAddress(address, 'the address of the node').port });
}

describe('broken disk - a start on a disk that hangs', () => {
  test.each([
    ['the log', 'wal/'],
    ['a small file', 'run.json'],
  ])('ends on SIGTERM while a flush of %s does not end, and the next start works', async (_what, part) => {
    const { cluster, orders } = await startBreakable({ extra });
    await using client = await cluster.connect();
    const written = new Written();
    await written.write(client, 'before', 20);
    const broken = await cluster.backup();
    await broken.kill();
    await orders.give(broken, 'hang', part);
    const starting = begin(broken);
    await orders.obeyed();
    await written.write(client, 'meanwhile', 20);
    expect(starting.running).toBe(true);
    starting.signal('SIGTERM');
    expect(await starting.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(starting.log.tail()).toContain('does not answer; the stop does not wait for it');
    await orders.withdraw();
    await cluster.restart(broken);
    await cluster.waitForInSync(3);
    await written.expectAll(client);
  });
});

describe('broken disk - a restart on a full disk', () => {
  test('a node stops in order and starts again without room for a file, also after a crash, and has its data', async () => {
    const { cluster, orders } = await startBreakable({ nodes: 2, extra });
    await using client = await cluster.connect();
    const written = new Written();
    await written.write(client, 'before', 20);
    const full = await cluster.backup();
    const { id } = full;
    // No file can be created or grow; only what is there can be overwritten.
    const segments = Array.from({ length: 7 }, (_, index) => `wal/000000000000000${index + 3}.tmp`);
    await orders.give(full, 'full', 'run.json.tmp', 'kvnode.json.tmp', 'damaged.tmp', 'lock', 'snapshots/', ...segments);
    const runFile = join(full.options.extra!.at(-1)!, 'run.json');
    const lastRun = async (): Promise<unknown> => JSON.parse(await readFile(runFile, 'utf8'));

    expect(await full.stop()).toEqual({ code: 0, signal: null });
    expect(await lastRun()).toMatchObject({ clean: true });
    await written.write(client, 'without it', 20);
    const again = await cluster.restart(full);
    await cluster.waitForInSync(2);
    expect(await lastRun()).toMatchObject({ clean: false });
    await again.kill();
    const onceMore = await cluster.restart(again);
    await cluster.waitForInSync(2);
    await written.expectAll(client);
    expect(onceMore.id).toBe(id);

    // Its data is used: the other node goes, and it serves everything.
    await cluster.nodes.find((node) => node !== onceMore)!.kill();
    await written.expectAll(client);
  });
});
