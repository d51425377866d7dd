/** Thousands of connections to the HTTP port that send nothing, too much, or invalid bytes. */
import { expect, test } from 'vitest';
import { startCluster } from '../cluster/support/cluster.js';
import { Stranger } from '../cluster/support/stranger.js';

/** Long sessions and leases, so that a busy machine causes no failover, and only the connections are tested. */
const patient = ['--lease-ms', '5000', '--grace-ms', '6000', '--session-ms', '15000'];
/** A larger number at once would overflow the kernel's queue of connections that wait to be accepted. */
const atOnce = 50;

test('connections that never send a request are closed, and writers and health probes are served meanwhile', async () => {
  await using cluster = await startCluster({ nodes: 2, extra: ['--http-port', '0', ...patient] });
  await using client = await cluster.connect();
  const node = cluster.nodes[0]!;
  const [host, port] = node.httpAddress.split(':') as [string, string];
  const strangers = async (count: number, bytes: string | Buffer): Promise<Stranger[]> => {
    const all: Stranger[] = [];
    while (all.length < count) {
      const batch = Array.from({ length: atOnce }, () => new Stranger(host, Number(port), bytes));
      all.push(...batch);
      await Promise.all(batch.map(({ met }) => met));
    }
    return all;
  };
  let written = 0;
  let done = false;
  const writer = (async () => {
    while (!done) written = (await client.put('alive', `${written}`)).version;
  })();
  const greedy = [
    ...(await strangers(50, 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999999\r\n\r\n')),
    ...(await strangers(50, `GET /livez HTTP/1.1\r\nhost: x\r\nx-large: ${'a'.repeat(50_000)}\r\n\r\n`)),
    ...(await strangers(50, Buffer.alloc(5_000, 0xa5))),
  ];
  await Promise.all(greedy.map(({ closed }) => closed));
  expect(greedy.filter(({ received }) => received.includes(' 413 ')).length).toBeGreaterThan(0);
  const silent = await strangers(1_000, '');
  const slow = await strangers(1_000, 'GET /api/kv/k HTTP/1.1\r\nhost: x\r\nx-slow: ');
  const before = written;
  // Every place for a connection is taken, but a supervisor's probe is still answered.
  for (let probe = 0; probe < 5; probe++) expect((await fetch(`http://${node.httpAddress}/livez`)).status).toBe(200);
  const all = [...greedy, ...silent, ...slow];
  await Promise.all(all.map(({ closed }) => closed));
  done = true;
  await writer;
  expect(written).toBeGreaterThan(before);
  for (const { received } of all) expect(received).toMatch(/^(HTTP\/1.1 4\d\d |$)/);
  expect(await client.get('k')).toBeUndefined();
  expect((await client.get('alive'))?.version).toBe(written);
  expect(node.running).toBe(true);
});
