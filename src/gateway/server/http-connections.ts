/**
 * Limits the number of connections of all clients. When one more arrives at the limit, the server closes the connection whose
 * client it has waited for longest: a client that sends nothing, sends its request byte by byte, or does not read its answer. So
 * many slow clients only displace each other, and a client that sends its request at once, like a probe, is served.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { announcedBytes } from './body-announcement.js';

export function limitConnections(app: FastifyInstance, maxConnections: number): void {
  const connections = new Connections(app.server, maxConnections);
  app.addHook('onRequest', async ({ raw }, reply) => {
    if (announcedBytes(raw) === 0) return connections.working(raw.socket);
    connections.waiting(raw.socket);
    raw.once('end', () => {
      if (!reply.sent) connections.working(raw.socket);
    });
  });
  app.addHook('onSend', async ({ raw }) => connections.waiting(raw.socket));
}

class Connections {
  readonly #open = new Set<Socket>();
  /** Connections whose client has to act next; the one that the server has waited for longest comes first. */
  readonly #waiting = new Set<Socket>();

  constructor(server: Server, maxConnections: number) {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      this.#waiting.add(socket);
      socket.once('close', () => this.#forget(socket));
      if (this.#open.size > maxConnections) this.#turnAway();
    });
  }

  /** A request has arrived completely: the connection is kept until it is answered. */
  working(socket: Socket): void {
    this.#waiting.delete(socket);
  }

  /** From now on the client has to act next. */
  waiting(socket: Socket): void {
    if (!this.#open.has(socket)) return;
    this.#waiting.delete(socket);
    this.#waiting.add(socket);
  }

  #turnAway(): void {
    const [longest] = this.#waiting;
    if (longest === undefined) return;
    this.#forget(longest);
    longest.destroy();
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    this.#waiting.delete(socket);
  }
}
