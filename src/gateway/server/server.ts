/**
 * The HTTP server without its routes: limits, problems instead of error pages, what every answer carries.
 *
 * Refused requests are not logged, and neither keys nor values ever are.
 *
 * Fastify gives the router, the hooks, the error handler and, from the schemas of the routes, the OpenAPI document. Its body
 * parsers, validation and serializers are off: a value is bytes of any content type, which must be refused before they are read;
 * keys and conditions are judged by the same code as over gRPC, with the same error texts; and answers have few fields. A router
 * of our own on `node:http` would replace little and lose the document.
 */
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { routedUrl } from '../keys/key-path.js';
import { describeProblem, HttpRefusal, problemType } from '../routes/problem.js';
import { methods, type Routes, refuseOtherMethods } from '../routes/routes.js';
import { answerClientError } from './client-errors.js';
import { type Gate, nameCluster } from './cluster-header.js';
import { Exchanges } from './exchanges.js';
import { limitConnections } from './http-connections.js';
import { type HttpLimits, httpLimits } from './http-limits.js';
import { handleInOrder } from './in-order.js';
import { isLingering, isTooMuchToKeepTheConnection, lingerAfterEarlyAnswers } from './linger.js';
import { describeRoutes } from './openapi.js';
import { judgeRequest } from './request-judge.js';

export interface ServerParts {
  readonly routes: readonly Routes[];
  readonly logger: Logger;
  /** Default: the limits of every node. */
  readonly limits?: HttpLimits;
  /** True once answers should be the last of their connections. */
  isClosing(): boolean;
  /** Undefined before the node knows its cluster, and in tests without one. */
  gate?(): Gate | undefined;
}

export function createServer({ routes, logger, isClosing, gate = noGate, limits = httpLimits }: ServerParts): FastifyInstance {
  const { headersTimeoutMs, requestTimeoutMs: requestTimeout } = limits;
  const app = fastify({
    rewriteUrl: ({ url }) => routedUrl(url ?? '/'),
    requestTimeout,
    connectionTimeout: limits.silentConnectionMs,
    keepAliveTimeout: limits.keepAliveMs,
    // Without this, fastify would answer a node id that is too long to exist in another way than an unknown id.
    routerOptions: { maxParamLength: limits.maxHeaderBytes },
    http: {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout,
      connectionsCheckingInterval: limits.timeoutCheckMs,
      requireHostHeader: false,
    },
    forceCloseConnections: 'idle',
    // A request that arrives while the server closes is answered like one before.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, exchanges, limits),
    frameworkErrors: (error, _request, reply) => void answerProblem(error, reply as FastifyReply, logger),
  });
  // Emitted when no file descriptor is left to accept a connection. `Descriptors` reports that; the process goes on.
  app.server.on('error', () => {});
  handleInOrder(app.server);
  const exchanges = new Exchanges(app.server);
  lingerAfterEarlyAnswers(app.server, exchanges, limits);
  limitConnections(app, limits.maxConnections);
  answerExpectations(app);
  // The route that needs a body reads it itself, whatever its content type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  // Schemas only describe: requests are judged as over gRPC, and answers are sent as they are.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.addHook('onRequest', async ({ raw }) => {
    judgeRequest(raw);
    // Fastify would refuse a body whose content type is invalid.
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
    throw new HttpRefusal(404, 'NOT_FOUND', 'there is nothing at this path; /api/openapi.json lists the paths');
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
  // The route that reads the body sends 100 Continue; a refusal is sent before the client has sent any of the body.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}
