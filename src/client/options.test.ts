import { describe, expect, test } from 'vitest';
import { ClientCore } from './client-core.js';
import { KvClient } from './kv-client.js';
import { resolveClientOptions } from './options.js';

describe('where the cluster is', () => {
  test('no node is registered - the error names the root and the ZooKeeper', async () => {
    const client = new ClientCore(
      async () => [],
      resolveClientOptions({ zk: 'zk.example:2181', root: '/nothing', deadlineMs: 20 }),
    );
    await expect(client.open()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('no node is registered under root /nothing in the ZooKeeper at zk.example:2181'),
    });
  });

  test.each([
    [{ zk: 'localhost' }, /^zk: "localhost" must be host:port/],
    [{ zk: 'localhost:2181/a//b' }, /^zk: .* must be a path such as \/kvstore/],
    [{ zk: 'localhost:2181', root: 'kvstore' }, /^root: "kvstore" must be a path such as \/kvstore/],
  ])('%j - is refused, and the error names the option, not a flag', async (options, message) => {
    await expect(KvClient.connect(options)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(message),
    });
  });

  test('a ZooKeeper that does not answer - the error names it, and no flag', async () => {
    await expect(KvClient.connect({ zk: '127.0.0.1:1', deadlineMs: 50 })).rejects.toMatchObject({
      code: 'COORDINATION_UNAVAILABLE',
      message: expect.stringMatching(/ at zk 127\.0\.0\.1:1 within/),
    });
  });
});
