/** What is refused of any request, before a route looks at it: what is ambiguous, what would be misunderstood, what nobody meant. */
import type { IncomingMessage } from 'node:http';
import { HttpRefusal } from './problem.js';

/** @throws HttpRefusal */
export function judge(request: IncomingMessage): void {
  refuseUnknownCodings(request);
  refuseAmbiguousHost(request);
  refuseForeignPage(request);
}

/** A value that came packed would be kept packed, and nobody who reads it would be told. */
function refuseUnknownCodings({ headers, httpVersion }: IncomingMessage): void {
  const { 'transfer-encoding': transfer, 'content-encoding': content, expect } = headers;
  if (transfer !== undefined && transfer.trim().toLowerCase() !== 'chunked')
    throw new HttpRefusal(501, 'NOT_SUPPORTED', 'of transfer codings there is chunked alone');
  if (content !== undefined && content.trim().toLowerCase() !== 'identity')
    throw new HttpRefusal(415, 'NOT_SUPPORTED', 'a body is kept as it is: send it without Content-Encoding');
  if (expect !== undefined && httpVersion === '1.1' && !/100-continue/i.test(expect))
    throw new HttpRefusal(417, 'NOT_SUPPORTED', 'of expectations there is 100-continue alone');
}

/** RFC 9112, 3.2: who sends two may be understood in one way here and in another by whoever passed it on. */
function refuseAmbiguousHost({ rawHeaders, httpVersion }: IncomingMessage): void {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'host') hosts++;
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1'))
    throw new HttpRefusal(400, 'BAD_REQUEST', `a request has one Host header, this one has ${hosts}`);
}

/**
 * A page of some other site, in the browser of somebody who can reach this server, is none of its clients: what it sends is
 * sent without that person's will.
 */
function refuseForeignPage({ headers, method }: IncomingMessage): void {
  const { origin, host, 'sec-fetch-site': site } = headers;
  const isForeign = typeof origin === 'string' && !origin.endsWith(`://${host}`);
  if (!isForeign && site !== 'cross-site') return;
  throw new HttpRefusal(403, 'CROSS_ORIGIN', `${method} was sent by a page of another site; nothing was done`);
}
