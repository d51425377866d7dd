/**
 * The end of a connection whose client may still be sending (RFC 9112, 9.6).
 *
 * A socket that is closed with unread bytes is reset, and the reset may destroy an answer that the client has not read yet. So the
 * server closes its own half first, and reads and discards what still arrives: for a bounded time and a bounded number of bytes,
 * without parsing it and without keeping any of it. A client that reads its answer closes the connection long before that.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { announcedBytes, awaitsContinue } from './body-announcement.js';
import type { Exchanges } from './exchanges.js';
import type { HttpLimits } from './limits.js';

const lingering = new WeakSet<Socket>();

/** Whether nothing more is read of it as a request. */
export function isLingering(socket: Socket): boolean {
  return lingering.has(socket);
}

/** Applies to every answer that leaves before its request has come as a whole, also to those that the framework gives by itself. */
export function lingerAfterEarlyAnswers(server: Server, exchanges: Exchanges, limits: HttpLimits): void {
  server.on('connection', (socket: Socket) => {
    const closeNow = socket.destroySoon.bind(socket);
    // Node.js calls this after the last answer of a connection, whatever the client is still sending.
    socket.destroySoon = () => (isLingering(socket) || exchanges.isReceiving(socket) ? linger(socket, limits) : closeNow());
  });
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    response.once('finish', () => {
      if (!request.complete && isTooMuchToKeepTheConnection(request, limits)) linger(request.socket, limits);
    });
  });
}

/**
 * Whether the rest of a body that nobody wants costs more than a new connection would; also where the client waits to be told to
 * send it, since whether it will cannot be known.
 */
export function isTooMuchToKeepTheConnection(request: IncomingMessage, { maxDiscardedBytes }: HttpLimits): boolean {
  return (announcedBytes(request) ?? Number.POSITIVE_INFINITY) > maxDiscardedBytes || awaitsContinue(request);
}

/**
 * Closes the connection once what was written has left, and the answer that is `owed`, if any; within `lingerMs` in any case.
 * Idempotent.
 */
export function linger(socket: Socket, { lingerMs, maxLingerBytes }: HttpLimits, owed?: ServerResponse): void {
  if (lingering.has(socket) || socket.destroyed) return;
  lingering.add(socket);
  let discardedBytes = 0;
  const discard = ({ length }: Buffer): void => {
    discardedBytes += length;
    if (discardedBytes > maxLingerBytes) socket.destroy();
  };
  // Where a body was not wanted, Node.js has stopped reading for its parser, and starts again for its parser alone: only
  // then, and before anything is read, the parser is taken away.
  socket.once('resume', () => socket.removeAllListeners('data').on('data', discard));
  socket.pause();
  socket.resume();
  const late = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(late));
  if (owed === undefined) socket.end();
  else owed.once('finish', () => socket.end());
}
