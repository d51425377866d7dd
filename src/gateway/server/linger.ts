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
import type { HttpLimits } from './http-limits.js';

const lingering = new WeakSet<Socket>();

/** True once the server reads no further request from this connection. */
export function isLingering(socket: Socket): boolean {
  return lingering.has(socket);
}

/** Applies to every answer that leaves before its request has arrived completely, also to answers of the framework itself. */
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
 * True if reading the rest of an unwanted body would cost more than a new connection. Also true if the client waits for 100
 * Continue, since the server cannot know whether the client will send the body.
 */
export function isTooMuchToKeepTheConnection(request: IncomingMessage, { maxDiscardedBytes }: HttpLimits): boolean {
  return (announcedBytes(request) ?? Number.POSITIVE_INFINITY) > maxDiscardedBytes || awaitsContinue(request);
}

/**
 * Closes the connection once everything written has left, and the answer that is `owed`, if any; at the latest after `lingerMs`.
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
  // With an unwanted body, Node.js has paused the socket for its parser, and resumes it for its parser only. So the parser is
  // detached right then, before anything is read.
  socket.once('resume', () => socket.removeAllListeners('data').on('data', discard));
  socket.pause();
  socket.resume();
  const late = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(late));
  if (owed === undefined) socket.end();
  else owed.once('finish', () => socket.end());
}
