/** HTTP as a service sees it: requests to spawned nodes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { startCluster } from './support/cluster.js';

let cluster: LocalCluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, shards: 4, extra: ['--http-port', '0', '--session-ms', '2000'] });
});
afterAll(() => cluster?.kill());

function ask(node: NodeProcess, path: string, init?: RequestInit): Promise<Response> {
  return fetch(`http://${node.httpAddress}${path}`, init);
}

describe('any node answers for any key', () => {
  test('a value written at one node is read at the other, byte by byte, and in gRPC', async () => {
    const [one, other] = cluster.nodes as [NodeProcess, NodeProcess];
    await using client = await cluster.connect();
    for (let number = 0; number < 8; number++) {
      const key = `user/${number} ключ`;
      const path = `/api/kv/${encodeURIComponent(key)}`;
      const value = Buffer.from([number, 0, 255, 13, 10]);
      const put = await ask(one, path, { method: 'PUT', body: value });
      const answer = (await put.json()) as { version: number; node: string; replicas: string[] };
      expect(put.headers.get('etag')).toBe(`"${answer.version}"`);
      expect([...answer.replicas].sort()).toEqual(cluster.nodes.map(({ id }) => id).sort());
      expect(answer.replicas[0]).toBe(answer.node);
      const got = await ask(other, path);
      expect(Buffer.from(await got.arrayBuffer())).toEqual(value);
      expect(got.headers.get('etag')).toBe(`"${answer.version}"`);
      expect(await client.get(key)).toMatchObject({ value, version: answer.version });
    }
  });
});
