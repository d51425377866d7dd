/** Finds a port of this host that is free now. Another process may take it before the caller does. */
import { createServer } from 'node:net';

/** A server could not listen on the port. */
export class PortTakenError extends Error {}

export function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no free port'));
        else resolve(address.port);
      });
    });
  });
}
