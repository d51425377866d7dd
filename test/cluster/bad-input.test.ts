import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, credentials, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { keyValueServiceWithRawKeys } from '../../src/wire/contract/server-contract.js';
import { startCluster } from './support/cluster.js';

let cluster: LocalCluster;
let raw: Client;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
  // A plain gRPC client, so that only the node checks the input.
  raw = new Client((await cluster.primary()).address, credentials.createInsecure(), { 'grpc.max_send_message_length': -1 });
});

afterAll(async () => {
  raw?.close();
  await cluster?.kill();
});

function call(name: 'Get' | 'Put' | 'Delete', request: object, through = raw): Promise<Record<string, unknown>> {
  const { path, requestSerialize, responseDeserialize } = keyValueServiceWithRawKeys[name]!;
  return new Promise((resolve, reject) => {
    through.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      { deadline: Date.now() + 10_000 },
      (error, response) => (error === null ? resolve(response as Record<string, unknown>) : reject(error)),
    );
  });
}

function trailers(metadata: Metadata): Record<string, unknown> {
  return metadata.getMap();
}

async function failure(name: 'Get' | 'Put' | 'Delete', request: object): Promise<ServiceError> {
  return call(name, request).then(
    () => expect.fail('the call succeeded'),
    (error: ServiceError) => error,
  );
}

async function stillServes(): Promise<void> {
  const { version } = await call('Put', { key: Buffer.from('alive'), value: Buffer.from('yes') });
  expect(version).toBeGreaterThan(0);
  expect(cluster.nodes.every((node) => node.running)).toBe(true);
}

describe('bad input is refused, definitely not executed, and the node keeps serving', () => {
  const key = Buffer.from('k');
  test.each([
    ['an empty key', 'Get', { key: Buffer.alloc(0) }, 'INVALID_KEY'],
    ['a missing key', 'Put', { value: key }, 'INVALID_KEY'],
    ['a key of 1,025 bytes', 'Put', { key: Buffer.alloc(1_025, 'a') }, 'INVALID_KEY'],
    ['a key that is not UTF-8', 'Get', { key: Buffer.from([0x61, 0xff, 0x62]) }, 'INVALID_KEY'],
    ['an overlong encoding', 'Delete', { key: Buffer.from([0xc0, 0x80]) }, 'INVALID_KEY'],
    ['half a surrogate pair', 'Put', { key: Buffer.from([0xed, 0xa0, 0x80]), value: key }, 'INVALID_KEY'],
    ['a value over the limit', 'Put', { key, value: Buffer.alloc(1024 * 1024 + 1) }, 'VALUE_TOO_LARGE'],
    ['if_version 0 on a delete', 'Delete', { key, ifVersion: 0 }, 'INVALID_ARGUMENT'],
    ['if_version beyond 2^53', 'Put', { key, value: key, ifVersion: '18446744073709551615' }, 'INVALID_ARGUMENT'],
  ] as const)('%s', async (_what, name, request, code) => {
    const error = await failure(name, request);
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(trailers(error.metadata)).toMatchObject({ 'kv-code': code, 'kv-executed': 'no' });
    await stillServes();
  });

  test('a message beyond the limit of the transport is RESOURCE_EXHAUSTED', async () => {
    const error = await failure('Put', { key, value: Buffer.alloc(20 * 1024 * 1024) });
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    await stillServes();
  });

  test('a failed if_version is FAILED_PRECONDITION with the current version', async () => {
    const { version } = await call('Put', { key: Buffer.from('conditional'), value: key });
    const error = await failure('Put', { key: Buffer.from('conditional'), value: key, ifVersion: 0 });
    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(trailers(error.metadata)).toMatchObject({
      'kv-code': 'VERSION_MISMATCH',
      'kv-executed': 'no',
      'kv-version': String(version),
    });
  });
});

describe('legal input', () => {
  test('includes keys of 1,024 bytes and of any script, an empty value, binary values, and a value of 1 MiB', async () => {
    const keys = [Buffer.alloc(1_024, 'k'), Buffer.from('ключ-鍵-🔑'), Buffer.from('\0'), Buffer.from('1e3')];
    const values = [Buffer.alloc(0), Buffer.from([0, 255, 128]), Buffer.alloc(1024 * 1024, 7)];
    for (const key of keys) {
      for (const value of values) {
        await call('Put', { key, value });
        const read = await call('Get', { key });
        expect(read.found && (read.value as Buffer).equals(value)).toBe(true);
      }
    }
  });

  test('a missing key has version 0 and is not an error, and deleting it writes nothing', async () => {
    const key = Buffer.from('never written');
    const { version } = await call('Put', { key: Buffer.from('before'), value: key });
    expect(await call('Get', { key })).toMatchObject({ found: false, version: 0 });
    expect(await call('Delete', { key })).toMatchObject({ existed: false, version: 0 });
    expect(await call('Put', { key: Buffer.from('after'), value: key })).toMatchObject({ version: (version as number) + 1 });
  });

  test('conditional writes: create once, replace at a version, delete at a version', async () => {
    const key = Buffer.from('conditions');
    const first = await call('Put', { key, value: key, ifVersion: 0 });
    const second = await call('Put', { key, value: Buffer.from('2'), ifVersion: first.version });
    expect(await call('Delete', { key, ifVersion: second.version })).toMatchObject({ existed: true });
    expect(await call('Get', { key })).toMatchObject({ found: false });
  });

  test('a request to a node that is not primary is forwarded, and the answer names the primary as its origin', async () => {
    const backup = await cluster.backup();
    const primary = await cluster.primary();
    const other = new Client(backup.address, credentials.createInsecure());
    const key = Buffer.from('through a backup');
    expect(await call('Put', { key, value: key }, other)).toMatchObject({ nodeId: primary.id });
    expect(await call('Get', { key }, other)).toMatchObject({ found: true, value: key, nodeId: primary.id });
    await expect(call('Get', { key: Buffer.alloc(0) }, other)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    other.close();
  });
});

describe('a rude client', () => {
  test('garbage bytes on the port do not disturb other clients', async () => {
    const [host, port] = (await cluster.primary()).address.split(':');
    for (const garbage of [
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      Buffer.alloc(70_000, 0xa5),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff',
    ]) {
      const socket = connect(Number(port), host);
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(garbage);
      socket.end();
      await stillServes();
      socket.destroy();
    }
  });

  test('a client that vanishes in the middle of a call does not disturb other clients', async () => {
    const leaving = new Client((await cluster.primary()).address, credentials.createInsecure());
    const calls = Array.from({ length: 50 }, (_, index) =>
      call('Put', { key: Buffer.from(`leaving-${index}`), value: Buffer.alloc(50_000) }, leaving).catch(
        (error: ServiceError) => error.code,
      ),
    );
    setImmediate(() => leaving.close());
    await stillServes();
    await Promise.all(calls);
    await stillServes();
  });
});
