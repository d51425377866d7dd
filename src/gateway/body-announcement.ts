/** What the headers of a request say about its body, before any of it has come. */
import type { IncomingMessage } from 'node:http';

/** Undefined: it is not told beforehand. 0 without a body. */
export function announcedBytes({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}

/** An empty one, too: a client that means an empty value says `Content-Length: 0`. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Whether the client sends its body only after 100 Continue, or after a time that it chooses. */
export function awaitsContinue({ headers: { expect }, httpVersion }: IncomingMessage): boolean {
  return expect !== undefined && httpVersion === '1.1' && /100-continue/i.test(expect);
}
