import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { Client, credentials, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { channelOptions, serverOptions } from '../../wire/contract/channel-options.js';
import { keyValueService } from '../../wire/contract/client-contract.js';
import { clusterMetadata, namedClusters } from '../../wire/contract/cluster-name.js';
import { toStatus } from '../../wire/contract/grpc-status.js';
import { type ConformanceServer, describeFrameStream, type ServedRpc, serverCluster } from '../frame-stream.conformance.js';
import { GrpcClientStream, GrpcServerStream } from './grpc-frame-stream.js';

const pipeline = keyValueService.Pipeline!;

async function open(onRpc: (rpc: ServedRpc) => void): Promise<ConformanceServer> {
  const server = new Server(serverOptions);
  server.addService(
    { Pipeline: pipeline },
    {
      Pipeline: (call: ServerDuplexStream<Buffer, Buffer>) =>
        onRpc({
          clusterId: namedClusters(call.metadata)[0] ?? '',
          accept: (listener) => {
            call.sendMetadata(clusterMetadata(serverCluster));
            return new GrpcServerStream(call, listener);
          },
          refuse: (error) => void call.emit('error', toStatus(error)),
        }),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const proxy = await openProxy(port);
  const clients: Client[] = [];
  return {
    dial: (clusterId, listener) => {
      const client = new Client(`127.0.0.1:${proxy.port}`, credentials.createInsecure(), channelOptions);
      clients.push(client);
      const { path, requestSerialize, responseDeserialize } = pipeline;
      const metadata = clusterMetadata(clusterId || undefined);
      return new GrpcClientStream(client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata), listener);
    },
    breakConnections: () => proxy.breakConnections(),
    [Symbol.asyncDispose]: async () => {
      for (const client of clients.splice(0)) client.close();
      proxy.close();
      server.forceShutdown();
    },
  };
}

/** grpc-js gives no access to a server's sockets: a proxy in front of it does. */
async function openProxy(to: number) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const onward = connect(to, '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const breakConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const close = (): void => {
    server.close();
    breakConnections();
  };
  return { port, breakConnections, close };
}

describeFrameStream('gRPC', open);
