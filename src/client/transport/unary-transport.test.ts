import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callWaits } from '../../wire/contract/call-wait.js';
import { keyValueService } from '../../wire/contract/client-contract.js';
import { UnaryTransport } from './unary-transport.js';

let server: Server;
let client: Client;
const metadata: Metadata[] = [];

beforeEach(async () => {
  server = new Server();
  const never = () => expect.fail('not called');
  server.addService(keyValueService, {
    Get: (call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>) => {
      metadata.push(call.metadata);
      answer(null, { found: false, value: Buffer.alloc(0), version: 0, nodeId: 'a' });
    },
    Put: never,
    Delete: never,
    Pipeline: never,
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
});
afterEach(() => {
  client.close();
  server.forceShutdown();
});

test('the client does not let the node wait for it: it tries again by its own rule', async () => {
  const transport = new UnaryTransport(client);
  const limits = { startedAtMs: performance.now(), deadlineAtMs: performance.now() + 30_000, signal: undefined };
  await transport.execute({ kind: 'get', key: 'k' }, limits);
  expect(metadata.map(callWaits)).toEqual([false]);
  expect(callWaits(new Metadata())).toBe(true);
});
