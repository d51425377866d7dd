/** The routes of one key: `/api/kv/{key}`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, KvError } from '../../errors.js';
import type { Method } from '../../metrics/index.js';
import type { TraceHeaders } from '../../tracing/index.js';
import { HttpRefusal } from '../routes/problem.js';
import type { Routes } from '../routes/routes.js';
import { deleteSchema, etagHeader, jsonAnswer, nodeHeader, problems, putSchema } from '../routes/schemas.js';
import { httpLimits } from '../server/http-limits.js';
import { type CallMemory, readBody } from './body.js';
import { checkIfMatch, etagOf, isKnown } from './conditions.js';
import { changeOf, type KeyRequest, keyOf, traceOf, waitsOf } from './key-request.js';
import { OpenCalls } from './open-calls.js';

export interface KeyCall extends CallMemory {
  /** Idempotent. */
  end(): void;
  /** The listener is called when the call ends, or at once if it has ended: its client has its answer or has gone. */
  whenEnded(listener: () => void): void;
}

/** What an operation gets from its request beside its arguments. */
export interface Origin {
  readonly trace: TraceHeaders | undefined;
  /** Whether the client waits while the shard is not served. */
  readonly waits: boolean;
  readonly call: Pick<KeyCall, 'whenEnded'>;
}

/** Operations on keys, whichever node holds them. Each throws a KvError. */
export interface KeyValues {
  readonly maxValueBytes: number;
  /** Resolves once the node serves calls, or if it does not for long; undefined: it has started. */
  whenStarted(): Promise<void> | undefined;
  /** Begins a call, which counts as waiting until its `end`. */
  begin(): KeyCall;
  get(request: KeyRequest, from: Origin): Promise<{ found: boolean; value: Buffer; version: number; nodeId: string }>;
  put(request: KeyRequest & { readonly value: Buffer }, from: Origin): Promise<{ version: number; nodeId: string }>;
  delete(request: KeyRequest, from: Origin): Promise<{ existed: boolean; version: number; nodeId: string }>;
  /** A request was refused before it became an operation. The node counts and traces it as if it had become one. */
  refused(method: Method, code: ErrorCode, trace?: TraceHeaders): void;
  /** Ids of the nodes in the in-sync set of the key's shard, as the primary reports it; the primary comes first. */
  inSyncNodes(key: Buffer): Promise<readonly string[]>;
}

const url = '/api/kv/:key';

export function keyRoutes(keyValues: KeyValues, { answerTimeoutMs } = httpLimits): Routes {
  return async (root) => {
    await root.register(async (app) => {
      const calls = new WeakMap<FastifyRequest, KeyCall>();
      const open = new OpenCalls(answerTimeoutMs);
      app.addHook('onRequest', async (request, reply) => {
        if (waitsOf(request)) await keyValues.whenStarted();
        const call = keyValues.begin();
        calls.set(request, call);
        open.endWith(reply.raw, request.raw.socket, call);
      });
      const callOf = (request: FastifyRequest): KeyCall => calls.get(request)!;
      addGet(app, keyValues, callOf);
      addPut(app, keyValues, callOf);
      addDelete(app, keyValues, callOf);
    });
  };
}

type CallOf = (request: FastifyRequest) => KeyCall;

function originOf(request: FastifyRequest, callOf: CallOf): Origin {
  return { trace: traceOf(request), waits: waitsOf(request), call: callOf(request) };
}

function addGet(app: FastifyInstance, keyValues: KeyValues, callOf: CallOf): void {
  const schema = {
    operationId: 'getValue',
    ...common,
    summary: 'The value of a key, linearizable; HEAD for its version alone',
    headers: conditionHeaders('Answered with 304 if the key is at one of these versions'),
    response: {
      200: { description: 'The value', headers: { ...etagHeader, ...nodeHeader }, content: binary },
      304: { description: 'The client has this version', headers: { ...etagHeader, ...nodeHeader }, type: 'null' },
      ...problems({ ...refusals, 404: 'The key does not exist', 412: 'The key is not at a version that If-Match names' }),
    },
  };
  app.get(url, { schema }, async (request, reply) => {
    const asked = await decoded(keyValues, 'get', request, () => ({ key: keyOf(request) }));
    const { found, value, version, nodeId } = await keyValues.get(asked, originOf(request, callOf));
    reply.header('kv-node', nodeId);
    checkIfMatch(request.headers, version);
    if (!found) throw new HttpRefusal(404, 'KEY_NOT_FOUND', 'the key does not exist');
    // A cache may keep it, but must revalidate it each time.
    reply.header('etag', etagOf(version)).header('cache-control', 'no-cache');
    if (isKnown(request.headers, version)) return reply.status(304).send();
    const memory = callOf(request);
    memory.hold(value.length);
    memory.refuseWhatIsTooMuch();
    return reply.type('application/octet-stream').send(value);
  });
}

function addPut(app: FastifyInstance, keyValues: KeyValues, callOf: CallOf): void {
  // The write is done. If the node that did it is not primary any more, only its own acknowledgement is certain.
  const replicasOf = async (key: Buffer, nodeId: string): Promise<readonly string[]> => {
    const inSync = await keyValues.inSyncNodes(key).catch(() => []);
    return inSync[0] === nodeId ? inSync : [nodeId];
  };
  const put = async (request: FastifyRequest, reply: FastifyReply) => {
    const asked = await decoded(keyValues, 'put', request, async () => ({
      ...changeOf(request),
      value: await readBody(request.raw, reply.raw, keyValues.maxValueBytes, callOf(request)),
    }));
    const { version, nodeId } = await keyValues.put(asked, originOf(request, callOf));
    reply
      .header('etag', etagOf(version))
      .header('kv-node', nodeId)
      .status(asked.ifVersion === 0 ? 201 : 200);
    return reply.send({ version, node: nodeId, replicas: await replicasOf(asked.key, nodeId) });
  };
  for (const method of ['PUT', 'POST'] as const) {
    const schema = {
      operationId: `${method.toLowerCase()}Value`,
      ...common,
      summary: 'Writes a value: bytes of any content type, unchanged',
      headers: conditionHeaders('Only *: write only if the key does not exist'),
      body: { content: binary },
      response: {
        200: { ...jsonAnswer('Every in-sync replica holds it', putSchema), headers: etagHeader },
        201: { ...jsonAnswer('The same, with If-None-Match: *; the key did not exist', putSchema), headers: etagHeader },
        ...problems({
          ...refusals,
          ...writeRefusals,
          411: 'The request has no body, not even an empty one',
          413: 'The value is larger than the node accepts; decided before it is read',
        }),
      },
    };
    app.route({ url, method, schema, handler: put });
  }
}

function addDelete(app: FastifyInstance, keyValues: KeyValues, callOf: CallOf): void {
  const schema = {
    operationId: 'deleteValue',
    ...common,
    summary: 'Removes a key; one that does not exist is no error',
    headers: conditionHeaders(undefined),
    response: {
      200: jsonAnswer('The key does not exist any more', deleteSchema),
      ...problems({ ...refusals, ...writeRefusals }),
    },
  };
  app.delete(url, { schema }, async (request, reply) => {
    const asked = await decoded(keyValues, 'delete', request, () => changeOf(request));
    const { existed, version, nodeId } = await keyValues.delete(asked, originOf(request, callOf));
    return reply.header('kv-node', nodeId).send({ existed, version, node: nodeId });
  });
}

/** Decodes a request, and reports it to the node if it is refused: a request that is no operation is counted nowhere else. */
async function decoded<Asked>(
  keyValues: KeyValues,
  method: Method,
  request: FastifyRequest,
  decode: () => Asked | Promise<Asked>,
): Promise<Asked> {
  try {
    return await decode();
  } catch (error) {
    keyValues.refused(method, codeOf(error), traceOf(request));
    throw error;
  }
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof KvError) return error.code;
  return error instanceof HttpRefusal ? 'INVALID_ARGUMENT' : 'INTERNAL';
}

const common = {
  tags: ['keys'],
  params: {
    type: 'object',
    properties: {
      key: {
        type: 'string',
        description: '1 to 1,024 bytes of UTF-8, percent-encoded, in one segment: / is %2F. The key "workers" is %77orkers',
      },
    },
  },
};

const binary = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };

const refusals = {
  400: 'The key is empty, too long, not percent-encoded or not UTF-8; or a condition is invalid',
  500: 'A fault of the node, or an answer was lost: see executed',
  503: 'Definitely not executed; try again after Retry-After seconds',
  504: 'No answer in time: see executed',
};
const writeRefusals = {
  412: 'The key is not at the requested version; currentVersion is its version',
  507: 'The data would outgrow the memory of a node that holds it',
};

function conditionHeaders(ifNoneMatch: string | undefined) {
  const properties = {
    'Kv-Wait': {
      type: 'string',
      description: 'no: refused at once while the shard is not served; otherwise the node tries again for up to 10 s',
    },
    'If-Match': { type: 'string', description: 'An ETag: only if the key is at this version' },
    ...(ifNoneMatch === undefined ? {} : { 'If-None-Match': { type: 'string', description: ifNoneMatch } }),
  };
  return { type: 'object', properties };
}
