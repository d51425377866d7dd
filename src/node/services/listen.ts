/** Opens the one port of a node, on which gRPC and frames are served, and shuts it down. */
import type { Http2Server } from 'node:http2';
import { isIP, type Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { lookUp } from '../../net/index.js';
import { type CutReason, framesPreface, SharedPort } from '../../transport/index.js';
import { serverOptions } from '../../wire/contract/channel-options.js';
import { toStatus } from '../../wire/contract/grpc-status.js';
import { EarlyCalls, startingRefusal } from './early-calls.js';

export interface Listening {
  readonly server: Server;
  readonly port: number;
  /** The number of open connections, of clients and of other nodes. */
  readonly connections: number;
  /** Lets calls and rpcs that are being answered finish, for at most `patienceMs`. */
  shutDown(patienceMs: number): Promise<void>;
}

/** The first bytes of every HTTP/2 connection (RFC 9113, section 3.4). */
const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Receive windows, large enough for the batches of a client to be on their way. */
const streamWindowBytes = 4 * 1024 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;

/**
 * Widens the receive windows of a server, which grpc-js leaves at 64 KiB. With those a large message waits for a round trip of the event
 * loop on both sides for each 64 KiB. There is no option for it (grpc/grpc-node, pull request 3058), so
 * this uses the HTTP/2 servers inside. If a later version of grpc-js hides them, everything still works, but slower.
 */
function widenReceiveWindows(server: Server): void {
  for (const http2Server of http2ServersOf(server)) {
    http2Server.updateSettings({ initialWindowSize: streamWindowBytes });
    http2Server.on('session', (session) => session.setLocalWindowSize(connectionWindowBytes));
  }
}

function http2ServersOf(server: Server): readonly Http2Server[] {
  const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2Server, unknown> };
  return http2Servers instanceof Map ? [...(http2Servers.keys() as Iterable<Http2Server>)] : [];
}

/**
 * Listens on every address that the host name stands for. `port` 0 takes any free one.
 *
 * TLS will take its place here, in front of the shared port: a TLSSocket is a Socket, and ALPN names the protocol before the first byte.
 *
 * @param serveFrames receives each connection that carries frames, paused, with its preface still to be read.
 * @param onCut called when a connection is closed because it speaks neither protocol.
 * @throws KvError ADDRESS_UNAVAILABLE
 */
export async function listen(
  host: string,
  port: number,
  serveFrames: (socket: Socket) => void,
  onCut: (reason: CutReason) => void = () => {},
): Promise<Listening> {
  const server = new Server(serverOptions);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  widenReceiveWindows(server);
  const protocols = [
    { preface: http2Preface, serve: (socket: Socket) => injector.injectConnection(socket) },
    { preface: framesPreface, serve: serveFrames },
  ];
  const shared = new SharedPort(protocols, onCut);
  try {
    const bound = await shared.listen(isIP(host) === 0 ? await lookUp(host) : [host], port);
    return {
      server,
      port: bound,
      get connections() {
        return shared.connections;
      },
      shutDown: async (patienceMs) => {
        shared.close();
        const gone = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
        // Without channelz grpc-js does not know its connections, so its forceShutdown closes none.
        await shared.drain(patienceMs);
        await gone;
      },
    };
  } catch (error) {
    const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const reason = inUse ? 'the port is taken' : 'the address is not one of this machine, or may not be used';
    throw new KvError('ADDRESS_UNAVAILABLE', `cannot listen on --host ${host} --port ${port}: ${reason}`, { cause: error });
  }
}

/**
 * Adds services to a server whose implementations come later, since a node takes its port before it knows whether it may start. An
 * early unary call is kept until then, or gets the answer that nothing was executed, as every early stream does.
 * @returns a function that gives each service its implementation.
 */
export function announce<Name extends string>(
  server: Server,
  services: Readonly<Record<Name, ServiceDefinition>>,
): (implementations: Readonly<Record<Name, UntypedServiceImplementation>>) => void {
  let live: Readonly<Record<Name, UntypedServiceImplementation>> | undefined;
  const earlyCalls = new EarlyCalls();
  for (const [name, definition] of Object.entries(services) as [Name, ServiceDefinition][]) {
    const handlers: Record<string, UntypedHandleCall> = {};
    for (const [method, { responseStream }] of Object.entries(definition)) {
      handlers[method] = ((call: ServerWritableStream<object, object>, callback: sendUnaryData<object>) => {
        const serve = (): void => (live![name][method] as unknown as (...parameters: unknown[]) => void)(call, callback);
        if (live !== undefined) return serve();
        if (responseStream) call.emit('error', toStatus(startingRefusal()));
        else
          earlyCalls.judge(call as unknown as ServerUnaryCall<object, object>, serve, (refusal) => callback(toStatus(refusal)));
      }) as UntypedHandleCall;
    }
    server.addService(definition, handlers);
  }
  return (implementations) => {
    live = implementations;
    earlyCalls.runAll();
  };
}
