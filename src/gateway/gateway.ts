/** The HTTP server of a node, on a port of its own: from listening to its end. */
import { lookup } from 'node:dns/promises';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { KvError } from '../errors.js';
import type { Gate } from './cluster-name.js';
import { closePatienceMs } from './limits.js';
import type { Routes } from './routes.js';
import { createServer } from './server.js';

export interface GatewayOptions {
  readonly host: string;
  /** 0 takes any free one. */
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
      // Of a name that stands for several addresses fastify makes a second server, of whose connections nobody would know here.
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
   * Answers as before; each answer is the last of its connection, so that few are left when it ends. Who is idle is left alone: it
   * may ask in this moment.
   */
  drain(): void {
    this.#sayFarewell();
  }

  /** Answers what is under way, for a moment; takes nothing new. Idempotent. */
  async close(): Promise<void> {
    const force = setTimeout(() => this.#app.server.closeAllConnections(), closePatienceMs);
    this.#sayFarewell();
    await this.#app.close();
    clearTimeout(force);
  }
}
