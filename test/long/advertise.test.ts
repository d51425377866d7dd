/** A node whose advertised address does not lead to it logs that, and its end, and replicates over connections that it opens itself. */
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../local/free-port.js';
import type { LogRecord } from '../../local/log-records.js';
import { joinAddress } from '../../src/config/index.js';
import { startCluster } from '../cluster/support/cluster.js';

const host = '127.0.0.1';
const warn = 40;
const patience = { timeoutMs: 60_000 };

/** Acts like a port mapping. */
async function mapPort(from: number, to: number): Promise<Server> {
  const server = createServer((near) => {
    const far = connect(to, host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
    onTestFinished(() => void near.destroy());
  });
  onTestFinished(() => void server.close());
  server.listen(from, host);
  await once(server, 'listening');
  return server;
}

test('the node logs an unreachable advertised address once, and its end once, and replicates meanwhile', async () => {
  await using cluster = await startCluster({ nodes: 1, extra: ['--session-ms', '2000'] });
  const [good] = cluster.nodes;
  const [port, advertisedPort] = [await freePort(), await freePort()];
  const address = joinAddress(host, advertisedPort);
  const lost = await cluster.addNode(['--port', String(port), '--advertise', address]);

  const isOwnWarning = ({ msg, level }: LogRecord) => level === warn && msg.startsWith('this node cannot be reached');
  const own = await lost.log.waitFor(isOwnWarning, patience);
  expect(own).toMatchObject({ address, reason: expect.stringContaining('ECONNREFUSED') });
  await good!.log.waitFor(({ msg, inSync }) => msg === 'in-sync set changed' && (inSync as string[]).length === 2, patience);

  await mapPort(advertisedPort, port);
  await lost.log.waitFor(({ msg }) => msg.startsWith('this node is reached at'), patience);
  await cluster.waitForInSync(2);
  expect(lost.log.find(isOwnWarning)).toHaveLength(1);
  expect(good!.log.find(isOwnWarning)).toEqual([]);
});
