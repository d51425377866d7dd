/**
 * The HTTP server without its routes: limits, problems instead of error pages, what every answer carries.
 *
 * Nothing is logged of a request that is refused, and neither keys nor values ever are.
 */
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { announcedBytes } from './body.js';
import { limitConnections } from './connections.js';
import { routedUrl } from './key-path.js';
import { type HttpLimits, httpLimits } from './limits.js';
import { describeRoutes } from './openapi.js';
import { describeProblem, HttpRefusal, problemType } from './problem.js';
import { type Routes, refuseOtherMethods } from './routes.js';

export interface ServerParts {
  readonly routes: readonly Routes[];
  readonly logger: Logger;
  /** Default: those of every node. */
  readonly limits?: HttpLimits;
  /** True once answers should be the last of their connections. */
  isClosing(): boolean;
}

export function createServer({ routes, logger, isClosing, limits = httpLimits }: ServerParts): FastifyInstance {
  const { headersTimeoutMs, requestTimeoutMs: requestTimeout, maxDiscardedBytes } = limits;
  const app = fastify({
    rewriteUrl: ({ url }) => routedUrl(url ?? '/'),
    ...{ requestTimeout, connectionTimeout: limits.silentConnectionMs, keepAliveTimeout: limits.keepAliveMs },
    http: {
      ...{ maxHeaderSize: limits.maxHeaderBytes, headersTimeout: headersTimeoutMs, requestTimeout },
      connectionsCheckingInterval: limits.timeoutCheckMs,
    },
    forceCloseConnections: 'idle',
    // What is asked while the server closes is answered as what is asked before.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, limits),
    frameworkErrors: (error, _request, reply) => void answerProblem(error, reply as FastifyReply, logger),
  });
  limitConnections(app, limits.maxConnections);
  answerExpectations(app, limits);
  // A body is read by the route that wants one; every type is as good as any other.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  // Schemas are for the OpenAPI document: what is judged is judged as gRPC does it, and answers leave as they are.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.addHook('onRequest', async ({ headers, method }) => refuseForeignPages(headers, method));
  app.addHook('onSend', async ({ raw }, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    const isUnread = !raw.complete && (announcedBytes(raw) ?? Number.POSITIVE_INFINITY) > maxDiscardedBytes;
    if (isUnread || isClosing()) reply.header('connection', 'close');
  });
  app.setNotFoundHandler(() => {
    throw new HttpRefusal(404, 'NOT_FOUND', 'there is nothing at this path; /api/openapi.json tells what there is');
  });
  app.setErrorHandler((error, _request, reply) => answerProblem(error, reply, logger));
  const refuseOthers = refuseOtherMethods(app);
  void app.register(async (scope) => {
    await describeRoutes(scope);
    for (const add of routes) await add(scope);
    refuseOthers();
  });
  return app;
}

function answerProblem(error: unknown, reply: FastifyReply, logger: Logger): FastifyReply {
  const { body, headers, isExpected } = describeProblem(error);
  if (!isExpected) logger.error({ err: error }, 'an HTTP request failed unexpectedly');
  return reply
    .status(body.status)
    .headers(headers)
    .type(problemType)
    .send(Buffer.from(JSON.stringify(body)));
}

function answerExpectations({ server }: FastifyInstance, { maxDiscardedBytes }: HttpLimits): void {
  // Who asks whether to send a body hears before it has sent one.
  server.on('checkContinue', (request, response) => {
    if ((announcedBytes(request) ?? 0) <= maxDiscardedBytes) response.writeContinue();
    server.emit('request', request, response);
  });
}

/**
 * A page of some other site, in the browser of somebody who can reach this server, is none of its clients: what it sends is
 * sent without that person's will.
 */
function refuseForeignPages(headers: Readonly<Record<string, string | string[] | undefined>>, method: string): void {
  const { origin, host, 'sec-fetch-site': site } = headers;
  const isForeign = typeof origin === 'string' && !origin.endsWith(`://${host}`);
  if (!isForeign && site !== 'cross-site') return;
  throw new HttpRefusal(403, 'CROSS_ORIGIN', `${method} was sent by a page of another site; nothing was done`);
}

/** Of what is no HTTP, or comes too slowly: there is no request to answer, only a connection. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket, { maxHeaderBytes }: HttpLimits): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
  const [status, detail] = clientErrors(maxHeaderBytes)[error.code ?? ''] ?? [400, 'this is no HTTP/1.1 request'];
  const { body } = describeProblem(new HttpRefusal(status, 'BAD_REQUEST', detail));
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${status} ${body.title}\r\ncontent-type: ${problemType}\r\ncontent-length: ${Buffer.byteLength(text)}`;
  socket.end(`${head}\r\nconnection: close\r\n\r\n${text}`, () => socket.destroy());
}

const clientErrors = (maxHeaderBytes: number): Readonly<Record<string, readonly [status: number, detail: string]>> => ({
  HPE_HEADER_OVERFLOW: [431, `the request line and the headers have more than ${maxHeaderBytes} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come in time'],
});
