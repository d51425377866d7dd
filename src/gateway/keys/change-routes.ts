/** The routes of operations that change a key by what is there: `POST /api/kv/{key}/increment` and its siblings. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { KvError, type ShardPosition } from '../../errors.js';
import { changes } from '../../wire/contract/change-messages.js';
import { resultToJson } from '../../wire/json/transaction-json.js';
import { etagHeader, jsonAnswer, problems } from '../routes/schemas.js';
import { announcedBytes } from '../server/body-announcement.js';
import { readBody } from './body.js';
import { answerSchema, fieldSchema } from './change-schemas.js';
import { keyChanges, queryFields, readQuery, type SingleKeyChange, segmentOf, takesValue } from './change-target.js';
import { etagOf, refuseConditions } from './conditions.js';
import { refuseExpiry } from './expiry-headers.js';
import { identityFromHeaders, positionHeaders } from './idempotency.js';
import type { KeyCalls } from './key-calls.js';
import { changeTargetOf } from './key-path.js';
import { binary, callHeaders, noRoom, ofKey, refusals, unrecognised } from './key-schemas.js';
import { refuseSync } from './sync-header.js';

interface Description {
  readonly summary: string;
  readonly answer: string;
  /** What is refused beside what every write is. */
  readonly refusals?: Readonly<Record<number, string>>;
}

const refusalWithoutBody = { 411: 'A value is missing: an empty value is sent with Content-Length: 0' };
const refusalsOfLongValues = {
  ...refusalWithoutBody,
  413: 'The whole value would have more bytes than maxBytes or --max-value-bytes',
};

const descriptions: Readonly<Record<SingleKeyChange, Description>> = {
  increment: {
    summary: 'Adds to the number under a key, which is decimal text',
    answer: 'The sum',
    refusals: { 409: 'The value is no number, or the sum is outside the bounds; nothing was written' },
  },
  append: {
    summary: 'Writes the body behind the value',
    answer: 'The length of the whole value',
    refusals: refusalsOfLongValues,
  },
  setRange: {
    summary: 'Overwrites bytes of the value with the body, from an offset on',
    answer: 'The length of the whole value',
    refusals: refusalsOfLongValues,
  },
  getAndSet: {
    summary: 'Writes the body, and answers with the value that it replaced',
    answer: 'The value and version that were there',
    refusals: { ...refusalWithoutBody, 413: 'The value is larger than the node accepts; decided before it is read' },
  },
  getAndDelete: { summary: 'Removes a key, and answers with its value', answer: 'The value and version that were there' },
  touch: { summary: 'Gives a key a new TTL, its value unchanged', answer: 'Whether the key exists, and its new version' },
  persist: {
    summary: 'Takes the TTL of a key away, its value unchanged',
    answer: 'Whether the key exists and had a TTL, and its new version; 0: it was not written',
  },
};

const inTheQuery = 'the options of an operation are in its query';

export function addChanges(app: FastifyInstance, calls: KeyCalls): void {
  for (const kind of keyChanges) addChange(app, calls, kind);
}

function addChange(app: FastifyInstance, calls: KeyCalls, kind: SingleKeyChange): void {
  const { summary, answer, refusals: others } = descriptions[kind];
  const fields = Object.entries(queryFields(kind));
  const hasValue = takesValue(kind);
  const hasEtag = kind !== 'getAndDelete';
  const query = {
    type: 'object',
    properties: Object.fromEntries(fields.map(([name, form]) => [name, fieldSchema(name, form)])),
    required: fields.filter(([, form]) => form === 'needed count').map(([name]) => name),
  };
  const answered = jsonAnswer(answer, answerSchema(kind));
  const schema = {
    operationId: kind,
    ...ofKey,
    summary,
    headers: callHeaders,
    querystring: query,
    ...(hasValue && { body: { content: binary } }),
    response: {
      200: hasEtag ? { ...answered, headers: etagHeader } : answered,
      ...problems({ ...refusals, ...noRoom, ...unrecognised, ...others }),
    },
  };
  const bodyOf = (request: FastifyRequest, response: Parameters<typeof readBody>[1]) =>
    hasValue
      ? readBody(request.raw, response, calls.keyValues.maxValueBytes, calls.of(request))
      : refuseBody(request, segmentOf(kind));
  const { request: form, response } = changes[kind] as unknown as Codec;
  app.post(`/api/kv/:key/${segmentOf(kind)}`, { schema }, async (request, reply) => {
    const message = await calls.decoded(kind, request, async () => {
      const { key, query } = changeTargetOf(request.originalUrl);
      refuseConditions(request.headers);
      refuseExpiry(request.headers, inTheQuery);
      refuseSync(request.headers, inTheQuery);
      const identity = identityFromHeaders(request.headers);
      const value = await bodyOf(request, reply.raw);
      return form.encode({ key, ...readQuery(kind, query), ...(value && { value }), ...identity });
    });
    const changed = response.decode(await calls.keyValues.change(kind, message, calls.originOf(request)));
    const { nodeId, version, position } = changed;
    reply.header('kv-node', nodeId).headers(positionHeaders(position));
    if (hasEtag && version > 0) reply.header('etag', etagOf(version));
    const [result] = Object.values(resultToJson({ [kind]: changed }));
    // The operation is done: its answer counts, and is not refused.
    calls.of(request).hold(changed.previousValue?.length ?? 0);
    return reply.send({ ...result, node: nodeId });
  });
}

interface Changed {
  readonly version: number;
  readonly nodeId: string;
  readonly previousValue?: Uint8Array;
  readonly position?: ShardPosition;
}

/** The messages of any of these operations. */
interface Codec {
  readonly request: { encode(fields: object): Buffer };
  readonly response: { decode(message: Buffer): Changed };
}

/** A client whose options were ignored in a body would get another change than it meant. */
function refuseBody(request: FastifyRequest, operation: string): undefined {
  if (announcedBytes(request.raw) === 0) return undefined;
  throw new KvError('INVALID_ARGUMENT', `${operation} takes no body; its options are in the query`);
}
