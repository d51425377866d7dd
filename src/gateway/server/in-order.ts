/**
 * Handles the requests of one connection one after the other (RFC 9112, 9.3.2): a client that sends a PUT and then a GET without
 * waiting reads what it has put.
 *
 * A waiting request is not counted anywhere, so their number is limited, and a client that sends further ahead is disconnected:
 * answering thousands of requests from one packet would be the work that the limit is to avoid. For the same reason this code runs
 * before the framework, which creates objects for every request.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Limits the waiting requests of one connection. Each takes a few KiB, on every connection. */
const maxWaiting = 32;

export function handleInOrder(server: Server): void {
  const [handle] = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  const lines = new WeakMap<Socket, Line>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    // The parser continues to the end of the bytes that have arrived.
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
      // After the last answer of a connection no request is executed.
      if (next !== undefined && request.socket.writable) this.#begin(...next);
    });
    this.#handle(request, response);
  }
}
