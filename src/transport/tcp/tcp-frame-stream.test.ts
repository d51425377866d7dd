import type { Socket } from 'node:net';
import { type ConformanceServer, describeFrameStream, type ServedRpc, serverCluster } from '../frame-stream.conformance.js';
import { SharedPort } from '../shared-port.js';
import { acceptTcp } from './accept.js';
import { dialTcp } from './dial.js';
import { preface } from './frame-format.js';

async function open(onRpc: (rpc: ServedRpc) => void): Promise<ConformanceServer> {
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    acceptTcp(socket, {
      onIncoming: (incoming) =>
        onRpc({
          clusterId: incoming.opening.clusterId,
          accept: (listener) => incoming.accept(serverCluster, listener),
          refuse: (error) => incoming.refuse(error),
        }),
      onCut: () => {},
    });
  };
  const port = new SharedPort([{ preface, serve }]);
  const address = `127.0.0.1:${await port.listen(['127.0.0.1'], 0)}`;
  const breakConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    dial: (clusterId, listener) =>
      dialTcp({ address, rpc: 'kv.v1.KeyValue/Pipeline', clusterId, connectTimeoutMs: 60_000 }, listener),
    breakConnections,
    [Symbol.asyncDispose]: () => {
      breakConnections();
      port.close();
      return Promise.resolve();
    },
  };
}

describeFrameStream('TCP', open);
