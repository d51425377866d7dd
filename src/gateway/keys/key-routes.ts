/** The routes of one key: `/api/kv/{key}`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpRefusal } from '../routes/problem.js';
import type { Routes } from '../routes/routes.js';
import { deleteSchema, etagHeader, expiryHeader, jsonAnswer, nodeHeader, problems, putSchema } from '../routes/schemas.js';
import { httpLimits } from '../server/http-limits.js';
import { readBody } from './body.js';
import { addChanges } from './change-routes.js';
import { checkIfMatch, etagOf, isKnown } from './conditions.js';
import { expiresInHeader } from './expiry-headers.js';
import { positionHeaders } from './idempotency.js';
import { KeyCalls } from './key-calls.js';
import { deleteOf, keyOf, putOf } from './key-request.js';
import { binary, deleteHeaders, ofKey, putHeaders, readHeaders, refusals, writeRefusals } from './key-schemas.js';
import type { KeyValues } from './key-values.js';
import { addTransact } from './transact-route.js';

const url = '/api/kv/:key';

export function keyRoutes(keyValues: KeyValues, { answerTimeoutMs } = httpLimits): Routes {
  return async (root) => {
    await root.register(async (app) => {
      const calls = new KeyCalls(keyValues, answerTimeoutMs);
      calls.beginWithRequests(app);
      addGet(app, calls);
      addPut(app, calls);
      addDelete(app, calls);
      addChanges(app, calls);
      addTransact(app, calls);
    });
  };
}

function addGet(app: FastifyInstance, calls: KeyCalls): void {
  const schema = {
    operationId: 'getValue',
    ...ofKey,
    summary: 'The value of a key, linearizable; HEAD for its version alone',
    headers: readHeaders('Answered with 304 if the key is at one of these versions'),
    response: {
      200: { description: 'The value', headers: { ...etagHeader, ...expiryHeader, ...nodeHeader }, content: binary },
      304: {
        description: 'The client has this version',
        headers: { ...etagHeader, ...expiryHeader, ...nodeHeader },
        type: 'null',
      },
      ...problems({ ...refusals, 404: 'The key does not exist', 412: 'The key is not at a version that If-Match names' }),
    },
  };
  app.get(url, { schema }, async (request, reply) => {
    const asked = await calls.decoded('get', request, () => ({ key: keyOf(request) }));
    const { found, value, version, expiresInMs, nodeId, position } = await calls.keyValues.get(asked, calls.originOf(request));
    reply.header('kv-node', nodeId).headers(positionHeaders(position));
    checkIfMatch(request.headers, version);
    if (!found) throw new HttpRefusal(404, 'KEY_NOT_FOUND', 'the key does not exist');
    // A cache may keep it, but must revalidate it each time.
    reply.header('etag', etagOf(version)).header('cache-control', 'no-cache');
    if (expiresInMs !== undefined) reply.header(expiresInHeader, expiresInMs);
    if (isKnown(request.headers, version)) return reply.status(304).send();
    const memory = calls.of(request);
    memory.hold(value.length);
    memory.refuseWhatIsTooMuch();
    return reply.type('application/octet-stream').send(value);
  });
}

function addPut(app: FastifyInstance, calls: KeyCalls): void {
  const { keyValues } = calls;
  // The write is done. If the node that did it is not primary any more, only its own acknowledgement is certain.
  const replicasOf = async (key: Buffer, nodeId: string): Promise<readonly string[]> => {
    const inSync = await keyValues.inSyncNodes(key).catch(() => []);
    return inSync[0] === nodeId ? inSync : [nodeId];
  };
  const put = async (request: FastifyRequest, reply: FastifyReply) => {
    const asked = await calls.decoded('put', request, async () => ({
      ...putOf(request),
      value: await readBody(request.raw, reply.raw, keyValues.maxValueBytes, calls.of(request)),
    }));
    const { version, nodeId, position } = await keyValues.put(asked, calls.originOf(request));
    reply
      .header('etag', etagOf(version))
      .header('kv-node', nodeId)
      .headers(positionHeaders(position))
      .status(asked.ifVersion === 0 ? 201 : 200);
    return reply.send({ version, node: nodeId, replicas: await replicasOf(asked.key, nodeId) });
  };
  for (const method of ['PUT', 'POST'] as const) {
    const schema = {
      operationId: `${method.toLowerCase()}Value`,
      ...ofKey,
      summary: 'Writes a value: bytes of any content type, unchanged',
      headers: putHeaders,
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

function addDelete(app: FastifyInstance, calls: KeyCalls): void {
  const schema = {
    operationId: 'deleteValue',
    ...ofKey,
    summary: 'Removes a key; one that does not exist is no error',
    headers: deleteHeaders,
    response: {
      200: jsonAnswer('The key does not exist any more', deleteSchema),
      ...problems({ ...refusals, ...writeRefusals }),
    },
  };
  app.delete(url, { schema }, async (request, reply) => {
    const asked = await calls.decoded('delete', request, () => deleteOf(request));
    const { existed, version, nodeId, position } = await calls.keyValues.delete(asked, calls.originOf(request));
    return reply.header('kv-node', nodeId).headers(positionHeaders(position)).send({ existed, version, node: nodeId });
  });
}
