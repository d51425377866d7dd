/** What is under way on each connection: the request that came last, and how many answers are owed. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface OfConnection {
  readonly latest: Exchange;
  /** Of requests whose headers have come, those whose answer has not left. */
  readonly owed: number;
}

export class Exchanges {
  readonly #ofConnections = new WeakMap<Socket, OfConnection>();

  /** Sees every request before anybody else: to be made after all others who listen for requests. */
  constructor(server: Server) {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request;
      this.#ofConnections.set(socket, { latest: { request, response }, owed: this.owed(socket) + 1 });
      response.once('close', () => {
        const now = this.#ofConnections.get(socket);
        if (now !== undefined) this.#ofConnections.set(socket, { ...now, owed: now.owed - 1 });
      });
    });
  }

  latest(socket: Socket): Exchange | undefined {
    return this.#ofConnections.get(socket)?.latest;
  }

  owed(socket: Socket): number {
    return this.#ofConnections.get(socket)?.owed ?? 0;
  }

  /** Whether a request has come in part. */
  isReceiving(socket: Socket): boolean {
    return this.latest(socket)?.request.complete === false;
  }
}
