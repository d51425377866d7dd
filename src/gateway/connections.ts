/**
 * The connections of all clients: so many at most. Where one more comes, the one goes for whose client the server has waited
 * longest: it says nothing, drips its request, or does not take its answer. So a crowd gets in its own way, and whoever asks at
 * once, as a probe does, is heard.
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
  /** Those whose clients are to do something; who has been waited for longest comes first. */
  readonly #waiting = new Set<Socket>();

  constructor(server: Server, maxConnections: number) {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      this.#waiting.add(socket);
      socket.once('close', () => this.#forget(socket));
      if (this.#open.size > maxConnections) this.#turnAway();
    });
  }

  /** A request has come as a whole: the connection is kept until it is answered. */
  working(socket: Socket): void {
    this.#waiting.delete(socket);
  }

  /** It is the client's turn, from now on. */
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
