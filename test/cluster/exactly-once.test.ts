/**
 * Writes that their callers send again (R16), over plain gRPC with messages by the proto file and with curl: executed once, whatever
 * has happened to the shard between the attempts.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { isAtRest } from '../../local/ring.js';
import { startCluster } from './support/cluster.js';
import { callPlainly as call, refusalOf } from './support/plain-grpc.js';

const run = promisify(execFile);
const extra = ['--http-port', '0', '--session-ms', '4000'];
const key = 'counter';

function live(cluster: LocalCluster, ...ended: NodeProcess[]): NodeProcess {
  return cluster.nodes.find((node) => !ended.includes(node))!;
}

test('an increment that is sent again after a failover, a planned stop and moves gets its first answer', async () => {
  await using cluster = await startCluster({ extra });
  const { position } = await call(live(cluster), 'Get', { key });
  const identity = { client: 'client-of-the-test', number: 1, lowest: 1 };
  const first = { key, by: '5', request: { ...identity, firstAttempt: true }, position };
  const again = { ...first, request: identity };
  const answer = await call(live(cluster), 'Increment', first);
  expect(answer.value).toBe('5');

  const killed = await cluster.primary();
  await killed.kill();
  expect(await call(live(cluster, killed), 'Increment', again)).toMatchObject({ value: '5', version: answer.version });
  // It comes back empty, and takes the requests with its snapshot.
  await cluster.restart(killed);
  await cluster.waitForInSync(cluster.nodes.length);

  const stopped = await cluster.primary();
  expect(await stopped.stop()).toEqual({ code: 0, signal: null });
  expect(await call(live(cluster, stopped), 'Increment', again)).toMatchObject({ value: '5', version: answer.version });
  await cluster.restart(stopped);
  await cluster.waitForInSync(cluster.nodes.length);

  // Every holder of the first answer ends in turn: the copies that recognise the request are all younger.
  for (const node of [...cluster.nodes]) {
    await node.kill();
    expect(await call(live(cluster, node), 'Increment', again)).toMatchObject({ value: '5', version: answer.version });
    await cluster.restart(node);
    await cluster.waitForInSync(cluster.nodes.length);
  }
  expect(await call(live(cluster), 'Increment', { key })).toMatchObject({ value: '6' });

  const reused = { ...again, by: '7' };
  await expect(call(live(cluster), 'Increment', reused).catch((error) => Promise.reject(refusalOf(error)))).rejects.toEqual([
    'REQUEST_REUSED',
    'unknown',
    undefined,
  ]);
});

test('requests of shards that have moved to other nodes are recognised there', async () => {
  const replicas = 2;
  await using cluster = await startCluster({ nodes: 2, shards: 8, extra: [...extra, '--replicas', String(replicas)] });
  const requests = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const moved = { key: `moved-${index}`, by: String(index + 1) };
      const { position } = await call(live(cluster), 'Get', { key: moved.key });
      const identity = { client: 'client-of-the-test', number: index + 1, lowest: 1 };
      const answer = await call(live(cluster), 'Increment', { ...moved, request: { ...identity, firstAttempt: true }, position });
      return { again: { ...moved, request: identity, position }, answer };
    }),
  );
  const former = [...cluster.nodes];
  await Promise.all(former.map(() => cluster.addNode()));
  for (const [index, node] of former.entries()) {
    expect(await node.stop()).toEqual({ code: 0, signal: null });
    const running = former.length + (former.length - index - 1);
    await cluster.waitUntil('the shards are elsewhere', (topology) => isAtRest(topology, running, replicas));
  }
  const [one, other] = cluster.nodes.filter(({ running }) => running) as [NodeProcess, NodeProcess];
  for (const [index, { again, answer }] of requests.entries()) {
    const { value, version } = await call(index % 2 === 0 ? one : other, 'Increment', again);
    expect([value, version]).toEqual([answer.value, answer.version]);
    const next = await call(index % 2 === 0 ? other : one, 'Increment', { key: again.key });
    expect(next.value, `the counter ${again.key}`).toBe(String(index + 2));
  }
});

test('a position of another history is refused with a position that the next request may name', async () => {
  await using cluster = await startCluster({ extra });
  const request = { client: 'client-of-the-test', number: 1, lowest: 1, firstAttempt: true };
  const position = { history: 'another', seq: 3 };
  const refusal = await call(live(cluster), 'Increment', { key, request, position }).catch(refusalOf);
  expect(refusal).toEqual(['REQUEST_TOO_OLD', 'no', expect.stringMatching(/^.+:\d+$/)]);
  const [, history, seq] = /^(.+):(\d+)$/.exec(String((refusal as unknown[])[2]))!;
  const next = { key, request, position: { history, seq: Number(seq) } };
  expect(await call(live(cluster), 'Increment', next)).toMatchObject({ value: '1' });
});

/** @returns the body of the answer, and its headers in lower case. */
async function curl(...words: string[]): Promise<{ body: string; headers: string }> {
  const { stdout } = await run('curl', ['--silent', '--show-error', '--include', ...words]);
  const [headers = '', ...body] = stdout.split('\r\n\r\n');
  return { body: body.join(''), headers: headers.toLowerCase() };
}

test('curl needs no retry when a primary is killed, and can send a write again to another node', async () => {
  await using cluster = await startCluster({ extra });
  const primary = await cluster.primary();
  const [one, other] = cluster.nodes.filter((node) => node !== primary) as [NodeProcess, NodeProcess];
  const url = (node: NodeProcess) => `http://${node.httpAddress}/api/kv/${key}`;
  const { headers } = await curl('--head', url(one));
  const position = /kv-position: (\S+)/.exec(headers)?.[1];
  expect(position).toMatch(/^.+:\d+$/);
  const identity = ['-H', 'Idempotency-Key: a-key-of-the-test', '-H', `Kv-Position: ${position}`];
  await primary.kill();
  const waiting = await Promise.all(Array.from({ length: 8 }, () => curl('-X', 'POST', `${url(one)}/increment`)));
  const sums = waiting.map(({ body }) => Number(JSON.parse(body).value));
  expect(sums.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  const first = await curl('-X', 'POST', ...identity, `${url(one)}/increment?by=10`);
  const again = await curl('-X', 'POST', ...identity, `${url(other)}/increment?by=10`);
  expect([first, again].map(({ body }) => JSON.parse(body))).toMatchObject(Array(2).fill({ value: '18', version: 9 }));
  const alone = await curl('-X', 'POST', '-H', 'Idempotency-Key: a-key-of-the-test', `${url(one)}/increment`);
  expect(JSON.parse(alone.body)).toMatchObject({ status: 400, detail: expect.stringContaining('Kv-Position') });
});
