/** A gRPC server on an address of our own choosing, and its end. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { KvError } from '../errors.js';
import { serverOptions } from '../rpc/channel-options.js';

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

/** Lets calls that are being answered finish, for so long. */
export async function shutDown(server: Server, patienceMs: number): Promise<void> {
  const force = setTimeout(() => server.forceShutdown(), patienceMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(force);
}
