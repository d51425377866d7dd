/**
 * The calls that change keys by what is there, with their messages, for pipelines, unary calls and forwarded calls alike.
 * proto/kv/v1/kv.proto documents them. A key is bytes, which the server checks itself (server-contract.ts).
 */
import { MessageTable } from '../protobuf/message-table.js';
import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import type {
  AppendRequest,
  AppendResponse,
  DeleteRequest,
  DeleteResponse,
  GetAndDeleteRequest,
  GetAndDeleteResponse,
  GetAndSetRequest,
  GetAndSetResponse,
  GetRequest,
  GetResponse,
  IncrementRequest,
  IncrementResponse,
  PersistRequest,
  PersistResponse,
  PutRequest,
  PutResponse,
  RequestIdentity,
  SetRangeRequest,
  SetRangeResponse,
  TouchRequest,
  TouchResponse,
  TransactCompare,
  TransactOperation,
  TransactRequest,
  TransactResponse,
  TransactResult,
} from './kv-api.js';
import { positionTable } from './position-message.js';

/** The fields of a message without the names that proto-loader gives to its `oneof`s. */
type Fields<Message> = Omit<Message, `_${string}` | 'operation' | 'result'>;

const positionField = [15, { optional: positionTable }] as const;
/** Of every request that writes. */
const writeFields = {
  sync: [13, 'bool'],
  request: [
    14,
    {
      optional: new MessageTable<RequestIdentity>({
        client: [1, 'string'],
        number: [2, 'uint'],
        lowest: [3, 'uint'],
        firstAttempt: [4, 'bool'],
      }),
    },
  ],
  position: positionField,
} as const;

const expiryFields = { ttlMs: [11, 'optional uint'], keepTtl: [12, 'bool'] } as const;

const getRequest = new MessageTable<GetRequest<Buffer>>({ key: [1, 'bytes'] });
const getResponse = new MessageTable<Fields<GetResponse>>({
  found: [1, 'bool'],
  value: [2, 'bytes'],
  version: [3, 'uint'],
  nodeId: [4, 'string'],
  expiresInMs: [5, 'optional uint'],
  position: positionField,
});
const putRequest = new MessageTable<Fields<PutRequest<Buffer>>>({
  key: [1, 'bytes'],
  value: [2, 'bytes'],
  ifVersion: [3, 'optional uint'],
  ifValue: [10, 'optional bytes'],
  ...expiryFields,
  ...writeFields,
});
const putResponse = new MessageTable<Fields<PutResponse>>({
  version: [1, 'uint'],
  nodeId: [2, 'string'],
  position: positionField,
});
const deleteRequest = new MessageTable<Fields<DeleteRequest<Buffer>>>({
  key: [1, 'bytes'],
  ifVersion: [2, 'optional uint'],
  ifValue: [10, 'optional bytes'],
  ...writeFields,
});
const deleteResponse = new MessageTable<Fields<DeleteResponse>>({
  existed: [1, 'bool'],
  version: [2, 'uint'],
  nodeId: [3, 'string'],
  position: positionField,
});
const incrementRequest = new MessageTable<Fields<IncrementRequest<Buffer>>>({
  key: [1, 'bytes'],
  by: [2, 'string'],
  initial: [3, 'string'],
  min: [4, 'string'],
  max: [5, 'string'],
  ...expiryFields,
  ...writeFields,
});
const incrementResponse = new MessageTable<Fields<IncrementResponse>>({
  value: [1, 'string'],
  version: [2, 'uint'],
  nodeId: [3, 'string'],
  position: positionField,
});
const appendRequest = new MessageTable<Fields<AppendRequest<Buffer>>>({
  key: [1, 'bytes'],
  value: [2, 'bytes'],
  maxBytes: [3, 'uint'],
  ...expiryFields,
  ...writeFields,
});
const setRangeRequest = new MessageTable<Fields<SetRangeRequest<Buffer>>>({
  key: [1, 'bytes'],
  offset: [2, 'uint'],
  value: [3, 'bytes'],
  maxBytes: [4, 'uint'],
  ...expiryFields,
  ...writeFields,
});
/** The answers to `Append` and `SetRange` have the same fields. */
const lengthResponse = new MessageTable<Fields<AppendResponse & SetRangeResponse>>({
  version: [1, 'uint'],
  valueBytes: [2, 'uint'],
  nodeId: [3, 'string'],
  position: positionField,
});
const getAndSetRequest = new MessageTable<Fields<GetAndSetRequest<Buffer>>>({
  key: [1, 'bytes'],
  value: [2, 'bytes'],
  ...expiryFields,
  ...writeFields,
});
const getAndDeleteRequest = new MessageTable<Fields<GetAndDeleteRequest<Buffer>>>({ key: [1, 'bytes'], ...writeFields });
/** The answers to `GetAndSet` and `GetAndDelete` have the same fields. */
const previousResponse = new MessageTable<Fields<GetAndSetResponse & GetAndDeleteResponse>>({
  found: [1, 'bool'],
  previousValue: [2, 'bytes'],
  previousVersion: [3, 'uint'],
  version: [4, 'uint'],
  nodeId: [5, 'string'],
  position: positionField,
});
const touchRequest = new MessageTable<Fields<TouchRequest<Buffer>>>({
  key: [1, 'bytes'],
  ttlMs: [2, 'uint'],
  ...writeFields,
});
const touchResponse = new MessageTable<Fields<TouchResponse>>({
  found: [1, 'bool'],
  version: [2, 'uint'],
  nodeId: [3, 'string'],
  position: positionField,
});
const persistRequest = new MessageTable<Fields<PersistRequest<Buffer>>>({ key: [1, 'bytes'], ...writeFields });
const persistResponse = new MessageTable<Fields<PersistResponse>>({
  found: [1, 'bool'],
  hadTtl: [2, 'bool'],
  version: [3, 'uint'],
  nodeId: [4, 'string'],
  position: positionField,
});

/** By the kind of an operation: its field in a TransactOperation, and its message. */
export const operations = {
  get: [1, getRequest],
  put: [2, putRequest],
  delete: [3, deleteRequest],
  increment: [4, incrementRequest],
  append: [5, appendRequest],
  setRange: [6, setRangeRequest],
  getAndSet: [7, getAndSetRequest],
  getAndDelete: [8, getAndDeleteRequest],
  touch: [9, touchRequest],
  persist: [10, persistRequest],
} as const;
const operation = new MessageTable<TransactOperation<Buffer>>(operations);
/** By the kind of an operation: its field in a TransactResult, and its message. */
export const results = {
  get: [1, getResponse],
  put: [2, putResponse],
  delete: [3, deleteResponse],
  increment: [4, incrementResponse],
  append: [5, lengthResponse],
  setRange: [6, lengthResponse],
  getAndSet: [7, previousResponse],
  getAndDelete: [8, previousResponse],
  touch: [9, touchResponse],
  persist: [10, persistResponse],
} as const;
const result = new MessageTable<Fields<TransactResult>>(results);
export const compare = new MessageTable<TransactCompare<Buffer>>({
  key: [1, 'bytes'],
  version: [2, 'optional uint'],
  exists: [3, 'optional bool'],
  value: [4, 'optional bytes'],
});

/** `field`: in PipelineOperation and in PipelineResult. */
export const changes = {
  increment: { rpc: 'Increment', field: 6, request: incrementRequest, response: incrementResponse },
  append: { rpc: 'Append', field: 7, request: appendRequest, response: lengthResponse },
  setRange: { rpc: 'SetRange', field: 8, request: setRangeRequest, response: lengthResponse },
  getAndSet: { rpc: 'GetAndSet', field: 9, request: getAndSetRequest, response: previousResponse },
  getAndDelete: { rpc: 'GetAndDelete', field: 10, request: getAndDeleteRequest, response: previousResponse },
  transact: {
    rpc: 'Transact',
    field: 11,
    request: new MessageTable<Fields<TransactRequest<Buffer>>>({
      compares: [1, [compare]],
      operations: [2, [operation]],
      otherwise: [3, [operation]],
      ...writeFields,
    }),
    response: new MessageTable<Fields<TransactResponse>>({
      held: [1, 'bool'],
      version: [2, 'uint'],
      results: [3, [result]],
      nodeId: [4, 'string'],
      position: positionField,
    }),
  },
  touch: { rpc: 'Touch', field: 12, request: touchRequest, response: touchResponse },
  persist: { rpc: 'Persist', field: 13, request: persistRequest, response: persistResponse },
} as const;

export type ChangeMethod = keyof typeof changes;

export const changeMethods = Object.keys(changes) as ChangeMethod[];

export function isChange(kind: string): kind is ChangeMethod {
  return kind in changes;
}

const versionTags = new Map(
  changeMethods.map((kind) => {
    const { number } = changes[kind].response.fields.find(({ name }) => name === 'version')!;
    return [kind, tagOf(number, 'varint')];
  }),
);

/** The version in an encoded answer, for callers that need nothing else of it. @throws MalformedMessage */
export function versionOfAnswer(kind: ChangeMethod, message: Buffer): number {
  const versionTag = versionTags.get(kind);
  const reader = new ProtobufReader(message);
  while (reader.more) {
    const tag = reader.tag();
    if (tag === versionTag) return reader.varint();
    reader.skip(tag);
  }
  return 0;
}
