import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Client, credentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { framesPreface } from '../../transport/index.js';
import { channelOptions } from '../../wire/contract/channel-options.js';
import { keyValueService } from '../../wire/contract/client-contract.js';
import { type Listening, listen } from './listen.js';

let listening: Listening;
let frameConnections: number;
const cut: string[] = [];

beforeEach(async () => {
  frameConnections = 0;
  cut.length = 0;
  const serveFrames = (socket: Socket): void => {
    frameConnections += 1;
    socket.end();
  };
  listening = await listen('127.0.0.1', 0, serveFrames, (reason) => cut.push(reason));
});
afterEach(() => listening.shutDown(0));

const pipeline = keyValueService.Pipeline!;

test('gRPC and frames are served on one port', async () => {
  listening.server.addService(
    { Pipeline: pipeline },
    {
      Pipeline: (call: ServerDuplexStream<Buffer, Buffer>) => call.on('data', (message) => call.write(message)),
    },
  );
  const client = new Client(`127.0.0.1:${listening.port}`, credentials.createInsecure(), channelOptions);
  const stream = client.makeBidiStreamRequest(pipeline.path, pipeline.requestSerialize, pipeline.responseDeserialize);
  stream.on('error', () => {});
  stream.write(Buffer.from('over HTTP/2'));
  expect(String((await once(stream, 'data'))[0])).toBe('over HTTP/2');
  const socket = connect(listening.port, '127.0.0.1');
  socket.write(framesPreface);
  await once(socket.resume(), 'close');
  expect(frameConnections).toBe(1);
  client.close();
});

test('a connection that speaks neither is closed and counted', async () => {
  const socket = connect(listening.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await once(socket.resume(), 'close');
  expect(cut).toEqual(['unknown_protocol']);
});

test('a taken port is refused with its reason', async () => {
  await expect(listen('127.0.0.1', listening.port, () => {})).rejects.toMatchObject({
    code: 'ADDRESS_UNAVAILABLE',
    message: expect.stringContaining('the port is taken'),
  });
});
