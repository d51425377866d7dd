import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { controlFrame, writeFrameHeader } from '../../transport/tcp/frame-format.js';
import { limitsOf } from '../call-limits.js';
import { NodeConnection } from './node-connection.js';

/** A node that accepts and answers an rpc when the test says so. */
let server: Server;
let connection: NodeConnection;
let opened: (readonly [rpc: string, socket: Socket])[];
let wake: () => void;

const patient = () => limitsOf({}, 60_000);
const emptyMessage = Buffer.alloc(4);
writeFrameHeader(emptyMessage, 0, 0);
const accepted = controlFrame('accepted');
const answered = Buffer.concat([emptyMessage, controlFrame('closed')]);

/** The connection of the next rpc of this name. */
async function nextRpc(name: string): Promise<Socket> {
  for (;;) {
    const index = opened.findIndex(([rpc]) => rpc === name);
    if (index >= 0) return opened.splice(index, 1)[0]![1];
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

function serve(socket: Socket): void {
  let opening = '';
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    const isOpen = opening.includes('kv.v1.');
    opening += bytes.toString('latin1');
    const rpc = /kv\.v1\.\w+\/(\w+)/.exec(opening)?.[1];
    if (isOpen || rpc === undefined) return;
    opened.push([rpc, socket]);
    wake();
  });
}

beforeEach(async () => {
  opened = [];
  wake = () => {};
  server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  connection = new NodeConnection(`127.0.0.1:${port}`, 60_000, () => {}, undefined, 'tcp');
});
afterEach(() => {
  connection.close('the test is over');
  server.close();
});

/** The connection is ready, and has a pipeline and a query without an answer. */
async function withPipelineAndQuery() {
  const ready = connection.whenReady(patient());
  (await nextRpc('GetTopology')).write(Buffer.concat([accepted, answered]));
  expect(await ready).toBe(true);
  const operation = connection.pipeline!.execute({ kind: 'get', key: 'k' }, patient()).catch((error: unknown) => error);
  const pipeline = await nextRpc('Pipeline');
  // The operation leaves once the client has taken in the acceptance.
  const sent = new Promise((resolve) => pipeline.once('data', resolve));
  pipeline.write(accepted);
  await sent;
  void connection.transport!.getNodeStatus(patient()).catch(() => {});
  const query = await nextRpc('GetNodeStatus');
  query.write(accepted);
  return { operation, pipeline, query };
}

test('an answer on an older connection makes a lost link ready again, and wakes its waiter', async () => {
  const { operation, pipeline, query } = await withPipelineAndQuery();
  pipeline.destroy();
  expect(await operation).toMatchObject({ executed: 'unknown' });
  const ready = connection.whenReady(patient());
  await nextRpc('GetTopology');
  query.write(answered);
  expect(await ready).toBe(true);
});

test('an attempt that fails while another stream stands does not lose the link', async () => {
  await withPipelineAndQuery();
  const failing = connection.transport!.getNodeStatus(patient()).catch((error: unknown) => error);
  (await nextRpc('GetNodeStatus')).destroy();
  expect(await failing).toMatchObject({ executed: expect.any(String) });
  expect(connection.isReady).toBe(true);
});
