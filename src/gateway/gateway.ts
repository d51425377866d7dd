/** The HTTP server of a node, on a port of its own: opens it, and shuts it down. */
import { lookup } from 'node:dns/promises';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { KvError } from '../errors.js';
import type { Routes } from './routes/routes.js';
import type { Gate } from './server/cluster-header.js';
import { closePatienceMs } from './server/http-limits.js';
import { createServer } from './server/server.js';

export interface GatewayOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly routes: readonly Routes[];
  readonly logger: Logger;
  /** Undefined before the node knows its cluster. */
  gate(): Gate | undefined;
}

export class Gateway {
  readonly port: number;
  readonly #app: FastifyInstance;
  readonly #sayFarewell: () => void;

  /** @throws KvError ADDRESS_UNAVAILABLE */
  static async listen({ host, port, routes, logger, gate }: GatewayOptions): Promise<Gateway> {
    let isClosing = false;
    const sayFarewell = (): void => {
      isClosing = true;
    };
    const app = createServer({ routes, logger, gate, isClosing: () => isClosing });
    try {
      // For a name with several addresses fastify opens a second server, whose connections would not be counted here.
      const { address } = await lookup(host);
      await app.listen({ host: address, port });
    } catch (error) {
      await app.close();
      const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      const reason = inUse ? 'the port is taken' : 'the address is not one of this machine, or may not be used';
      throw new KvError('ADDRESS_UNAVAILABLE', `cannot listen on --host ${host} --http-port ${port}: ${reason}`, {
        cause: error,
      });
    }
    return new Gateway(app, sayFarewell);
  }

  private constructor(app: FastifyInstance, sayFarewell: () => void) {
    this.#app = app;
    this.#sayFarewell = sayFarewell;
    this.port = (app.server.address() as AddressInfo).port;
  }

  /**
   * From here on each answer is the last of its connection, so few connections are left at the end. Idle connections stay open,
   * because a request may be on its way.
   */
  drain(): void {
    this.#sayFarewell();
  }

  /** Answers the requests in flight, for a bounded time, and accepts no new ones. Idempotent. */
  async close(): Promise<void> {
    const force = setTimeout(() => this.#app.server.closeAllConnections(), closePatienceMs);
    this.#sayFarewell();
    await this.#app.close();
    clearTimeout(force);
  }
}
