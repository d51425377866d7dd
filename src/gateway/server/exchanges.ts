/** Tracks each connection: its latest request, and how many answers are owed. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface OfConnection {
  readonly latest: Exchange;
  /** The number of requests whose headers have arrived and whose answer has not left. */
  readonly owed: number;
}

export class Exchanges {
  readonly #ofConnections = new WeakMap<Socket, OfConnection>();

  /** Create it after all other listeners for requests: it must see every request first. */
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

  /** True while a part of a request has arrived. */
  isReceiving(socket: Socket): boolean {
    return this.latest(socket)?.request.complete === false;
  }
}
