import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { limitsOf } from '../call-limits.js';
import { NodeConnection } from './node-connection.js';

function listen(port: number): Promise<{ readonly server: Server; readonly port: number }> {
  const server = new Server();
  return new Promise((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve({ server, port: bound }) : reject(error),
    ),
  );
}

test('a node that could not be reached and is back - is reached by the next operation that has no other node', async () => {
  const first = await listen(0);
  const connection = new NodeConnection(`127.0.0.1:${first.port}`, 2_000, () => {});
  const limits = () => limitsOf({}, 30_000);
  expect(await connection.whenTried(limits())).toBe(true);
  first.server.forceShutdown();
  while (connection.isReady) await new Promise((resolve) => setImmediate(resolve));
  expect(await connection.whenTried(limits())).toBe(false);
  expect(connection.isSuspect).toBe(true);
  const again = await listen(first.port);
  let tries = 0;
  // An attempt that began before the node was back may still fail. Every call waits for an attempt.
  for (let reached = false; !reached && tries < 3; tries += 1) reached = await connection.whenTried(limits());
  expect(connection.isReady).toBe(true);
  connection.close('the test is over');
  again.server.forceShutdown();
});
