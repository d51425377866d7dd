/**
 * The HTTP server without its routes: limits, problems instead of error pages, what every answer carries.
 *
 * Nothing is logged of a request that is refused, and neither keys nor values ever are.
 */
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { answerClientError } from './client-errors.js';
import { type Gate, nameCluster } from './cluster-name.js';
import { limitConnections } from './connections.js';
import { Exchanges } from './exchanges.js';
import { takeTurns } from './in-order.js';
import { routedUrl } from './key-path.js';
import { type HttpLimits, httpLimits } from './limits.js';
import { isLingering, isTooMuchToKeepTheConnection, lingerAfterEarlyAnswers } from './linger.js';
import { describeRoutes } from './openapi.js';
import { describeProblem, HttpRefusal, problemType } from './problem.js';
import { judge } from './request-judge.js';
import { methods, type Routes, refuseOtherMethods } from './routes.js';

export interface ServerParts {
  readonly routes: readonly Routes[];
  readonly logger: Logger;
  /** Default: those of every node. */
  readonly limits?: HttpLimits;
  /** True once answers should be the last of their connections. */
  isClosing(): boolean;
  /** Undefined before the node knows its cluster, and where there is none. */
  gate?(): Gate | undefined;
}

export function createServer({ routes, logger, isClosing, gate = noGate, limits = httpLimits }: ServerParts): FastifyInstance {
  const { headersTimeoutMs, requestTimeoutMs: requestTimeout } = limits;
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
    clientErrorHandler: (error, socket) => answerClientError(error, socket, exchanges, limits),
    frameworkErrors: (error, _request, reply) => void answerProblem(error, reply as FastifyReply, logger),
  });
  // A connection that cannot be accepted for want of a file descriptor: the node reports that, and goes on.
  app.server.on('error', () => {});
  takeTurns(app.server);
  const exchanges = new Exchanges(app.server);
  lingerAfterEarlyAnswers(app.server, exchanges, limits);
  limitConnections(app, limits.maxConnections);
  answerExpectations(app);
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
  nameCluster(app, gate);
  app.addHook('onSend', async ({ raw }, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    const isUnread = !raw.complete && isTooMuchToKeepTheConnection(raw, limits);
    if (isUnread || isLingering(raw.socket) || isClosing()) reply.header('connection', 'close');
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

const noGate = (): undefined => undefined;

function answerProblem(error: unknown, reply: FastifyReply, logger: Logger): FastifyReply {
  const { body, headers, isExpected } = describeProblem(error);
  if (!isExpected) logger.error({ err: error }, 'an HTTP request failed unexpectedly');
  return reply
    .status(body.status)
    .headers(headers)
    .type(problemType)
    .send(Buffer.from(JSON.stringify(body)));
}

function answerExpectations({ server }: FastifyInstance): void {
  // A client that asks whether to send a body is told so by the route that reads it; a refusal comes before it has sent any.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}
