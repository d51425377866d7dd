/** Refuses requests before a route sees them: ambiguous ones, ones that would be misunderstood, and ones from foreign web pages. */
import type { IncomingMessage } from 'node:http';
import { HttpRefusal } from '../routes/problem.js';

/** @throws HttpRefusal */
export function judgeRequest(request: IncomingMessage): void {
  refuseUnknownCodings(request);
  refuseAmbiguousHost(request);
  refuseForeignPage(request);
}

/** A compressed value would be stored compressed, and its readers would not know. */
function refuseUnknownCodings({ headers, httpVersion }: IncomingMessage): void {
  const { 'transfer-encoding': transfer, 'content-encoding': content, expect } = headers;
  if (transfer !== undefined && transfer.trim().toLowerCase() !== 'chunked')
    throw new HttpRefusal(501, 'NOT_SUPPORTED', 'the only transfer coding is chunked');
  if (content !== undefined && content.trim().toLowerCase() !== 'identity')
    throw new HttpRefusal(415, 'NOT_SUPPORTED', 'a body is stored unchanged: send it without Content-Encoding');
  if (expect !== undefined && httpVersion === '1.1' && !/100-continue/i.test(expect))
    throw new HttpRefusal(417, 'NOT_SUPPORTED', 'the only expectation is 100-continue');
}

/** RFC 9112, 3.2: with two Host headers, this server and a proxy before it may understand different hosts. */
function refuseAmbiguousHost({ rawHeaders, httpVersion }: IncomingMessage): void {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'host') hosts++;
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1'))
    throw new HttpRefusal(400, 'BAD_REQUEST', `a request has one Host header, this one has ${hosts}`);
}

/**
 * A page of another site must not use the browser of a person who can reach this server: its requests are sent without that
 * person's will.
 */
function refuseForeignPage({ headers, method }: IncomingMessage): void {
  const { origin, host, 'sec-fetch-site': site } = headers;
  const isForeign = typeof origin === 'string' && !origin.endsWith(`://${host}`);
  if (!isForeign && site !== 'cross-site') return;
  throw new HttpRefusal(403, 'CROSS_ORIGIN', `${method} was sent by a page of another site; nothing was done`);
}
