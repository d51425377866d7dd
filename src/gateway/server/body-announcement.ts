/** What the headers of a request announce about its body, before any of the body has arrived. */
import type { IncomingMessage } from 'node:http';

/** The announced length; 0 without a body, undefined if no length is announced. */
export function announcedBytes({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}

/** True for an empty body as well: a client that means an empty value sends `Content-Length: 0`. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** True if the client sends its body only after 100 Continue, or after a timeout of its own. */
export function awaitsContinue({ headers: { expect }, httpVersion }: IncomingMessage): boolean {
  return expect !== undefined && httpVersion === '1.1' && /100-continue/i.test(expect);
}
