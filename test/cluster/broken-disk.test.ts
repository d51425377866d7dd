/** Real nodes whose disks fail, hang or are full: nothing that was acknowledged is lost, and the other nodes go on. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { type KvClient, KvError } from '../../src/index.js';
import type { Topology } from '../../src/wire/contract/kv-api.js';
import { startBreakable } from './support/broken-disk.js';
import { patienceMs, Written } from './support/lost-history.js';

/** Short sessions, so that a dead node is detected soon. */
const extra = ['--session-ms', '2000'];
const log = 'wal/';

const roles = ['backup', 'primary'] as const;

function nodeIn(cluster: LocalCluster, role: (typeof roles)[number]): Promise<NodeProcess> {
  return role === 'primary' ? cluster.primary() : cluster.backup();
}

function isOut({ id, address }: NodeProcess): (topology: Topology) => boolean {
  return ({ shards: [shard] }) =>
    shard?.serving === true &&
    shard.primaryAddress !== address &&
    shard.replicas.every(({ nodeId, inSync }) => nodeId !== id || !inSync);
}

describe('broken disk - a flush fails', () => {
  test.each(roles)('a %s ends by itself with the error, the others go on, and it joins again', async (role) => {
    const { cluster, orders } = await startBreakable({ extra });
    await using client = await cluster.connect();
    const written = new Written();
    await written.write(client, 'before', 20);
    const broken = await nodeIn(cluster, role);
    await orders.give(broken, 'fail', log);
    await written.write(client, 'meanwhile', 20);
    expect(await broken.exited).toEqual({ code: 1, signal: null });
    expect(broken.log.tail()).toContain('EIO');
    await orders.withdraw();
    await cluster.restart(broken);
    await cluster.waitForInSync(3);
    await written.expectAll(client);
  });
});

describe('broken disk - a flush hangs', () => {
  test.each(roles)('a %s is replaced, writes go on, and it joins again when the disk answers', async (role) => {
    const { cluster, orders } = await startBreakable({ extra });
    await using client = await cluster.connect();
    const written = new Written();
    await written.write(client, 'before', 20);
    const broken = await nodeIn(cluster, role);
    await orders.give(broken, 'hang', log);
    await written.write(client, 'meanwhile', 20);
    await cluster.waitUntil('the node is out of the set', isOut(broken), patienceMs);
    await written.write(client, 'without it', 20);
    await orders.withdraw();
    await cluster.waitForInSync(3, patienceMs);
    expect(broken.running).toBe(true);
    await written.expectAll(client);
  });

  test.each(roles)('a %s ends on SIGTERM although its disk never answers, and joins again', async (role) => {
    const { cluster, orders } = await startBreakable({ extra: [...extra, '--stop-deadline-ms', '2000'] });
    await using client = await cluster.connect();
    const written = new Written();
    await written.write(client, 'before', 20);
    const broken = await nodeIn(cluster, role);
    await orders.give(broken, 'hang', log);
    await written.write(client, 'meanwhile', 5);
    broken.signal('SIGTERM');
    expect(await broken.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(broken.log.tail()).toContain('does not answer; the stop does not wait for it');
    await written.write(client, 'without it', 20);
    await orders.withdraw();
    await cluster.restart(broken);
    await cluster.waitForInSync(3);
    await written.expectAll(client);
  });

  test('a second SIGTERM ends a node at once although its disk never answers', async () => {
    const { cluster, orders } = await startBreakable({ extra: [...extra, '--stop-deadline-ms', '600000'] });
    await using client = await cluster.connect();
    const written = new Written();
    await written.write(client, 'before', 5);
    const broken = await cluster.primary();
    await orders.give(broken, 'hang', log);
    await written.write(client, 'meanwhile', 5);
    broken.signal('SIGTERM');
    await broken.log.waitFor(({ msg }) => msg.startsWith('stopping;'));
    broken.signal('SIGTERM');
    expect(await broken.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await orders.withdraw();
    await cluster.restart(broken);
    await cluster.waitForInSync(3);
    await written.expectAll(client);
  });
});

describe('broken disk - full', () => {
  test.each(roles)('a %s: puts are refused, the rest goes on, and so do puts once there is room', async (role) => {
    const { cluster, orders } = await startBreakable({ nodes: 2, extra });
    await using client = await cluster.connect();
    const written = new Written();
    await written.write(client, 'before', 20);
    await client.put('doomed', 'value');
    const broken = await nodeIn(cluster, role);
    // No further segment of the log can be prepared, and no snapshot be written that would let old ones go.
    const segments = Array.from({ length: 7 }, (_, index) => `wal/000000000000000${index + 3}.tmp`);
    await orders.give(broken, 'full', 'snapshots/', ...segments);
    const last = await fillLog(client);
    expect((await client.get('large'))?.value[0]).toBe(last);
    await expect(client.put('refused', 'value')).rejects.toMatchObject({ code: 'STORAGE_FULL', executed: 'no' });
    expect(await client.get('refused')).toBeUndefined();
    expect((await client.delete('doomed')).existed).toBe(true);
    expect(await client.get('doomed')).toBeUndefined();
    await broken.log.waitFor(({ msg }) => msg.startsWith('the disk has no room for a snapshot'));
    expect(await readdir(join(dataDirOf(broken), 'snapshots'))).toEqual([]);
    expect(broken.running).toBe(true);

    await orders.withdraw();
    await expect.poll(() => client.put('refused', 'value').then(() => true, codeOf), { timeout: patienceMs }).toBe(true);
    await written.expectAll(client);
    // Nothing that was refused has been written later, also at the node that had no room.
    expect((await client.get('large'))?.value[0]).toBe(last);
    await cluster.waitForInSync(2);
    expect(cluster.nodes.every(({ running }) => running)).toBe(true);
  });
});

/** Overwrites a large value until that is refused. @returns the first byte of the last one that was accepted */
async function fillLog(client: KvClient): Promise<number> {
  for (let count = 0; ; count++) {
    try {
      await client.put('large', Buffer.alloc(1_000_000, count % 251), { deadlineMs: patienceMs });
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORAGE_FULL', executed: 'no' });
      return (count - 1) % 251;
    }
    // Two segments are ready at the start.
    expect(count).toBeLessThan(200);
  }
}

function codeOf(error: unknown): string {
  return error instanceof KvError ? error.code : String(error);
}

function dataDirOf({ options }: NodeProcess): string {
  const words = options.extra!;
  return words[words.indexOf('--data-dir') + 1]!;
}
