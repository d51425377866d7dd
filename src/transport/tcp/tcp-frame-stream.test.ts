import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type ConformanceServer, describeFrameStream, type ServedRpc, serverCluster } from '../frame-stream.conformance.js';
import { acceptTcp } from './accept.js';
import { dialTcp } from './dial.js';
import { preface } from './frame-format.js';

async function open(onRpc: (rpc: ServedRpc) => void): Promise<ConformanceServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('data', (bytes: Buffer) => {
      socket.unshift(bytes.subarray(preface.length));
      acceptTcp(socket, {
        onIncoming: (incoming) =>
          onRpc({
            clusterId: incoming.opening.clusterId,
            accept: (listener) => incoming.accept(serverCluster, listener),
            refuse: (error) => incoming.refuse(error),
          }),
        onRejected: () => {},
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const breakConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    dial: (clusterId, listener) =>
      dialTcp({ address, rpc: 'kv.v1.KeyValue/Pipeline', clusterId, connectTimeoutMs: 60_000 }, listener),
    breakConnections,
    [Symbol.asyncDispose]: async () => {
      breakConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

describeFrameStream('TCP', open);
