/** Ends a connection on which bytes arrive that are not HTTP, or that arrive too slowly. */
import type { Socket } from 'node:net';
import { endInput } from '../keys/body.js';
import { describeProblem, HttpRefusal, problemType } from '../routes/problem.js';
import type { Exchanges } from './exchanges.js';
import type { HttpLimits } from './http-limits.js';
import { isLingering, linger } from './linger.js';

export function answerClientError(error: NodeJS.ErrnoException, socket: Socket, exchanges: Exchanges, limits: HttpLimits): void {
  // Everything that arrives from now on is discarded.
  if (isLingering(socket)) return;
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
  const [status, detail] = clientErrors(limits.maxHeaderBytes)[error.code ?? ''] ?? [400, 'this is no HTTP/1.1 request'];
  const refusal = new HttpRefusal(status, 'BAD_REQUEST', detail);
  const isPartial = exchanges.isReceiving(socket);
  if (exchanges.owed(socket) > 0) {
    // The client takes what it reads next for the answer that is owed, so no other answer may be sent before it.
    linger(socket, limits, exchanges.latest(socket)?.response);
    if (isPartial) endInput(socket, refusal);
  } else {
    // The rest of a request that was answered already gets no answer of its own.
    if (!isPartial) socket.write(render(refusal));
    linger(socket, limits);
  }
}

function render(refusal: HttpRefusal): string {
  const { body } = describeProblem(refusal);
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${body.status} ${body.title}\r\ncontent-type: ${problemType}\r\ncontent-length: ${Buffer.byteLength(text)}`;
  return `${head}\r\nconnection: close\r\n\r\n${text}`;
}

const clientErrors = (maxHeaderBytes: number): Readonly<Record<string, readonly [status: 408 | 431, detail: string]>> => ({
  HPE_HEADER_OVERFLOW: [431, `the request line and the headers have more than ${maxHeaderBytes} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come in time'],
});
