import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { SilencingProxy } from './silencing-proxy.js';

test('a silenced proxy keeps its connections, accepts new ones, and delivers the delayed bytes when it is healed', async () => {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await SilencingProxy.start((server.address() as AddressInfo).port);
  const before = await connected(proxy.port);
  expect(await echoed(before, 'one')).toBe('one');

  proxy.silence();
  const during = await connected(proxy.port);
  const received: string[] = [];
  for (const socket of [before, during]) socket.once('data', (data) => received.push(data.toString()));
  before.write('two');
  during.write('three');
  // A later connection to the server was answered, so an answer through the proxy could have arrived by now.
  const direct = await connected((server.address() as AddressInfo).port);
  expect(await echoed(direct, 'direct')).toBe('direct');
  expect(received).toEqual([]);

  const answers = [once(before, 'data'), once(during, 'data')];
  proxy.heal();
  expect((await Promise.all(answers)).map(([data]) => String(data))).toEqual(['two', 'three']);
  for (const socket of [before, during, direct]) socket.destroy();
  await proxy.close();
  server.close();
});

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function echoed(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString();
}
