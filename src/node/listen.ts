/** A gRPC server on an address of our own choosing, and its end. */
import {
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { KvError } from '../errors.js';
import { serverOptions } from '../rpc/channel-options.js';
import { toStatus } from '../rpc/status.js';

export interface Listening {
  readonly server: Server;
  readonly port: number;
}

/** `port` 0 takes any free one. @throws KvError ADDRESS_UNAVAILABLE */
export function listen(host: string, port: number): Promise<Listening> {
  const server = new Server(serverOptions);
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) return resolve({ server, port: bound });
      // grpc-js binds every address a name stands for and reports the failures as text.
      const inUse = error.message.includes('EADDRINUSE');
      const reason = inUse ? 'the port is taken' : 'the address is not one of this machine, or may not be used';
      reject(new KvError('ADDRESS_UNAVAILABLE', `cannot listen on --host ${host} --port ${port}: ${reason}`, { cause: error }));
    });
  });
}

/**
 * Announces services that come to life later: the socket is taken before the node knows whether it may start, and a call
 * that comes early must hear that nothing was executed, not that there is no such service.
 * @returns gives each service its implementation.
 */
export function announce<Name extends string>(
  server: Server,
  services: Readonly<Record<Name, ServiceDefinition>>,
): (implementations: Readonly<Record<Name, UntypedServiceImplementation>>) => void {
  let live: Readonly<Record<Name, UntypedServiceImplementation>> | undefined;
  for (const [name, definition] of Object.entries(services) as [Name, ServiceDefinition][]) {
    const handlers: Record<string, UntypedHandleCall> = {};
    for (const [method, { responseStream }] of Object.entries(definition)) {
      handlers[method] = ((call: ServerWritableStream<object, object>, callback: sendUnaryData<object>) => {
        const handler = live?.[name][method] as ((...words: unknown[]) => void) | undefined;
        if (handler !== undefined) return handler(call, callback);
        const early = toStatus(new KvError('NO_PRIMARY', 'this node is starting'));
        if (responseStream) call.emit('error', early);
        else callback(early);
      }) as UntypedHandleCall;
    }
    server.addService(definition, handlers);
  }
  return (implementations) => {
    live = implementations;
  };
}

/** Lets calls that are being answered finish, for so long. */
export async function shutDown(server: Server, patienceMs: number): Promise<void> {
  const force = setTimeout(() => server.forceShutdown(), patienceMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(force);
}
