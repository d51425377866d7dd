/**
 * The requests of one connection, one after the other (RFC 9112, 9.3.2): a client that sends a PUT and a GET behind it without
 * waiting reads what it has put.
 *
 * What waits its turn is nothing yet, and counted nowhere. So there is a bound on it, and whoever sends further ahead is cut off: to
 * answer each of thousands that came in one packet would be the very work that is to be spared. For the same reason this stands in
 * front of the framework, which makes something of every request.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A few KiB each, on as many connections as there may be. */
const maxWaiting = 32;

export function takeTurns(server: Server): void {
  const [handle] = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  const lines = new WeakMap<Socket, Line>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    // The parser goes on to the end of what has come.
    if (socket.destroyed) return;
    const line = lines.get(socket);
    if (line !== undefined) return line.join(request, response);
    const begun = new Line(handle!);
    lines.set(socket, begun);
    begun.join(request, response);
  });
}

class Line {
  readonly #handle: RequestListener;
  readonly #waiting: [IncomingMessage, ServerResponse][] = [];
  #busy = false;

  constructor(handle: RequestListener) {
    this.#handle = handle;
  }

  join(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#busy) return this.#begin(request, response);
    if (this.#waiting.length >= maxWaiting) return void request.socket.destroy();
    this.#waiting.push([request, response]);
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#busy = true;
    response.once('close', () => {
      this.#busy = false;
      const next = this.#waiting.shift();
      // Behind the last answer of a connection nothing is carried out.
      if (next !== undefined && request.socket.writable) this.#begin(...next);
    });
    this.#handle(request, response);
  }
}
