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
import { judge } from './request-judge.js';
import { methods, type Routes, refuseOtherMethods } from './routes.js';
import { takeTurns } from './turns.js';

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
    // Who asks for a node of a name that no node can have hears that there is none.
    routerOptions: { maxParamLength: limits.maxHeaderBytes },
    http: {
      ...{ maxHeaderSize: limits.maxHeaderBytes, headersTimeout: headersTimeoutMs, requestTimeout },
      ...{ connectionsCheckingInterval: limits.timeoutCheckMs, requireHostHeader: false },
    },
    forceCloseConnections: 'idle',
    // What is asked while the server closes is answered as what is asked before.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, limits),
    frameworkErrors: (error, _request, reply) => void answerProblem(error, reply as FastifyReply, logger),
  });
  // A connection that cannot be accepted for want of a file descriptor: the node reports that, and goes on.
  app.server.on('error', () => {});
  takeTurns(app.server);
  limitConnections(app, limits.maxConnections);
  answerExpectations(app, limits);
  // A body is read by the route that wants one; every type is as good as any other.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  // Schemas are for the OpenAPI document: what is judged is judged as gRPC does it, and answers leave as they are.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.addHook('onRequest', async ({ raw }) => {
    judge(raw);
    // Fastify would refuse a body whose type is none.
    delete raw.headers['content-type'];
  });
  app.addHook('onSend', async ({ raw }, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    const isUnread = !raw.complete && (announcedBytes(raw) ?? Number.POSITIVE_INFINITY) > maxDiscardedBytes;
    if (isUnread || isClosing()) reply.header('connection', 'close');
  });
  app.setNotFoundHandler(({ method }) => {
    if (!methods.some((one) => one === method)) throw new HttpRefusal(501, 'NOT_SUPPORTED', `no path has the method ${method}`);
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
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
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

const clientErrors = (maxHeaderBytes: number): Readonly<Record<string, readonly [status: 408 | 431, detail: string]>> => ({
  HPE_HEADER_OVERFLOW: [431, `the request line and the headers have more than ${maxHeaderBytes} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come in time'],
});
