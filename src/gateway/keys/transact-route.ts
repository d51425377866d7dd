/** The route of transactions: `POST /api/transact`. */
import type { FastifyInstance } from 'fastify';
import { changes } from '../../wire/contract/change-messages.js';
import { maxMessageBytes } from '../../wire/contract/channel-options.js';
import { readTransaction, transactionToJson } from '../../wire/json/transaction-json.js';
import { jsonAnswer, problems } from '../routes/schemas.js';
import { readBody } from './body.js';
import { transactedSchema, transactSchema } from './change-schemas.js';
import { refuseConditions } from './conditions.js';
import { identityFromHeaders, positionHeaders } from './idempotency.js';
import type { KeyCalls } from './key-calls.js';
import { callHeaders, refusals, writeRefusals } from './key-schemas.js';
import { refuseSync } from './sync-header.js';

export function addTransact(app: FastifyInstance, calls: KeyCalls): void {
  const schema = {
    operationId: 'transact',
    tags: ['keys'],
    summary: 'Executes operations on keys of one shard together, if every comparison holds; otherwise others',
    headers: callHeaders,
    body: { content: { 'application/json': { schema: transactSchema } } },
    response: {
      200: jsonAnswer('A result for each operation that was executed, in their order', transactedSchema),
      ...problems({
        ...refusals,
        ...writeRefusals,
        400: 'The JSON is invalid, or the keys belong to several shards; nothing was executed',
        409: 'A value is no number, or a sum is outside its bounds; nothing was executed',
        411: 'The request has no body',
        412: 'A condition of an operation does not hold; nothing was executed',
        413: 'A value or the whole is too large; nothing was executed',
      }),
    },
  };
  const { request: form, response } = changes.transact;
  app.post('/api/transact', { schema }, async (request, reply) => {
    const message = await calls.decoded('transact', request, async () => {
      refuseConditions(request.headers);
      refuseSync(request.headers, 'sync is a field of the body');
      const identity = identityFromHeaders(request.headers);
      const body = await readBody(request.raw, reply.raw, maxMessageBytes, calls.of(request), 'MESSAGE_TOO_LARGE');
      return form.encode({ ...readTransaction(body), ...identity });
    });
    const answer = await calls.keyValues.change('transact', message, calls.originOf(request));
    // The operations are done: their answer counts, and is not refused.
    calls.of(request).hold(answer.length);
    const { nodeId, position, ...transacted } = response.decode(answer);
    return reply
      .header('kv-node', nodeId)
      .headers(positionHeaders(position))
      .send({ ...transactionToJson(transacted), node: nodeId });
  });
}
