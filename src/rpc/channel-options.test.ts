import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { channelOptions, targetOf } from './channel-options.js';

function failureOf(target: string): Promise<string> {
  const client = new Client(target, credentials.createInsecure(), channelOptions);
  return new Promise((resolve) => {
    const deadline = { deadline: Date.now() + 30_000 };
    const done = (error: ServiceError | null) => {
      client.close();
      resolve(error?.details ?? 'it was answered');
    };
    client.makeUnaryRequest(
      '/kv.v1.KeyValue/Get',
      (bytes: Buffer) => bytes,
      (bytes) => bytes,
      Buffer.alloc(0),
      deadline,
      done,
    );
  });
}

test.each(['[::1]:1', '127.0.0.1:1'])('the target of %s is that address, which is not looked up', async (address) => {
  expect(await failureOf(targetOf(address))).toMatch(/ECONNREFUSED|EADDRNOTAVAIL/);
});

test('a host whose name is a scheme of grpc-js is a host', async () => {
  expect(await failureOf('unix:no-such-socket')).toContain('no-such-socket');
  expect(await failureOf(targetOf('unix:1'))).toContain('Name resolution failed');
});
