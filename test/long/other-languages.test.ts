/** Runs the examples of docs/other-languages.md in Python against a real cluster, with plain gRPC and nothing else. */
import { on, once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { isAsPlaced } from '../../local/ring.js';
import { shardOfKey, slotOfKey } from '../../src/placement/index.js';
import { startCluster } from '../cluster/support/cluster.js';
import { PythonExamples } from '../cluster/support/python.js';

const shards = 16;
let cluster: LocalCluster;
let python: PythonExamples;

beforeAll(async () => {
  python = await PythonExamples.prepare();
  cluster = await startCluster({ shards });
  await cluster.waitUntil('every node leads its part', isAsPlaced);
});

afterAll(async () => {
  await python?.[Symbol.asyncDispose]();
  await cluster?.kill();
});

test('the slot in Python equals the slot of the nodes', async () => {
  const keys = [
    '',
    'a',
    'user:1',
    'Straße',
    '漢字',
    '😀',
    '{user:1}:name',
    'a{user:1}b{c}',
    '{}user:1',
    'x{}{u}',
    '{u',
    '{{a}}',
    '}{b}',
  ];
  expect(await python.run('shard_of_key.py', String(shards), ...keys)).toEqual(
    keys.map((key) => `${slotOfKey(key)} ${shardOfKey(key, shards)}`),
  );
});

test('plain gRPC in Python: writes, conditions, trailers, and each key directly at its primary', async () => {
  const lines = await python.run('tour.py', cluster.addresses.join());
  const passedOn = lines.splice(-2, 1)[0]!;
  expect(lines).toEqual([
    ...['absent: True', 'get: Alice', 'get: Bob'],
    'conditional put: VERSION_MISMATCH, executed: no',
    'version in the trailer: True',
    'put if absent: VERSION_MISMATCH, executed: no',
    'empty key: INVALID_KEY, executed: no',
    'get: Bob',
    ...['deleted: True', 'deleted again: False', 'absent: True'],
    'read back: True',
    'asked by slot: 3 nodes, 0 passed on',
    `shards: ${Array.from({ length: 8 }, (_, number) => shardOfKey(`tour:${number}`, shards)).join(' ')}`,
  ]);
  // Without the slot some calls are forwarded, so the count above proves something.
  expect(Number(/^asked at one node: (\d+) passed on$/.exec(passedOn)?.[1])).toBeGreaterThan(0);
});

test('plain gRPC in Python: a scan of all shards is in the order of the bytes', async () => {
  await using client = await cluster.connect();
  const keys = [
    'scan:a',
    'scan:b',
    'scan:ü',
    'scan:\uffee',
    'scan:\u{1f511}',
    ...Array.from({ length: 300 }, (_, at) => `scan:${at}`),
  ];
  for (const key of keys) await client.put(key, `${key}!`);
  const wanted = [...keys].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const lines = await python.run('scan.py', cluster.addresses.join(), 'scan:');
  expect(lines.map((line) => line.split(' ')[0])).toEqual(wanted);
  expect(lines.every((line) => line.endsWith(`${line.split(' ')[0]}!`))).toBe(true);
});

test('plain gRPC in Python without any retry: a planned stop and a restart of every node fails no call', async () => {
  const keys = Array.from({ length: 16 }, (_, number) => `stopping:${number}`);
  const caller = python.start('without_retries.py', cluster.addresses.join(), ...keys);
  const ended = once(caller, 'close');
  const lines: string[] = [];
  const rounds = createInterface(caller.stdout).on('line', (line) => lines.push(line));
  for (const node of [...cluster.nodes]) {
    await once(rounds, 'line');
    expect(await node.stop()).toEqual({ code: 0, signal: null });
    await once(rounds, 'line');
    await cluster.restart(node);
    await cluster.waitForInSync(cluster.nodes.length);
  }
  await once(rounds, 'line');
  caller.stdin.end();
  expect((await ended)[0]).toBe(0);
  expect(lines.filter((line) => line !== `${keys.length}`)).toEqual([]);
});

test('plain gRPC in Python: with a retry policy for reads no read fails when a primary is killed', async () => {
  await using client = await cluster.connect();
  const keys = Array.from({ length: 48 }, (_, number) => `reading:${number}`);
  for (const key of keys) await client.put(key, key);
  const victim = await cluster.primary();
  const { shards: before } = await cluster.topology();
  expect(keys.some((key) => before[shardOfKey(key, shards)]?.primaryAddress === victim.address)).toBe(true);

  const reader = python.start('keep_reading.py', cluster.addresses.join(), ...keys);
  const ended = once(reader, 'close');
  let errors = '';
  reader.stderr.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  const rounds = createInterface(reader.stdout);
  const all: string[] = [];
  let isKilled = false;
  for await (const [line] of on(rounds, 'line', { close: ['close'] }) as AsyncIterable<[string]>) {
    all.push(line);
    const [, ...nodes] = line.split(' ');
    if (!isKilled) {
      expect(nodes).toContain(victim.id);
      await victim.kill();
      isKilled = true;
    } else if (!nodes.includes(victim.id)) break;
  }
  reader.stdin.end();
  const [code] = await ended;
  expect([code, errors]).toEqual([0, '']);
  expect(all.length).toBeGreaterThan(1);
  expect(all.map((line) => line.split(' ')[0])).toEqual(all.map(() => String(keys.length)));

  // Writes continue as well, at the new primaries.
  const after = await python.run('tour.py', cluster.addresses.join());
  expect(after.find((line) => line.startsWith('asked by slot'))).toMatch(/: [12] nodes, 0 passed on$/);
});
