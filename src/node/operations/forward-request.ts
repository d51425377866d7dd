/** Forwards a request to the primary of its shard, once, and remembers which primary the answer names. */
import type { MethodDefinition } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import type { RequestIdentity } from '../../replication/index.js';
import type { TraceHeaders } from '../../tracing/index.js';
import { changes, isChange } from '../../wire/contract/change-messages.js';
import { identityFieldsOf } from '../../wire/contract/request-identity.js';
import { keyValueServiceWithRawKeys } from '../../wire/contract/server-contract.js';
import { writeIdentity } from '../../wire/pipeline/identity-writer.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import type { Forwarder } from './forwarder.js';
import type { DecodedOperation, OperationResponse } from './operation.js';
import { noPrimary } from './primary-elsewhere.js';

export interface ForwardParts {
  readonly directory: ShardDirectory;
  readonly forwarder: Forwarder;
}

export interface Forwarded<Response> {
  readonly response: Response;
  /** The address of the node that answered: the caller's next request may go there directly. */
  readonly primaryAddress: string;
}

const methods = {
  get: keyValueServiceWithRawKeys.Get!,
  put: keyValueServiceWithRawKeys.Put!,
  delete: keyValueServiceWithRawKeys.Delete!,
};

/** One attempt to forward an operation. */
export interface ForwardAttempt {
  /** In place of that which the operation carries; undefined: it is forwarded as it came. */
  readonly identity: RequestIdentity | undefined;
  /** How long the answer is awaited. */
  readonly remainingMs: number;
  readonly trace: TraceHeaders | undefined;
  /** The operation has been tried before. */
  readonly isAgain: boolean;
  /** Aborted once the caller has gone. */
  readonly gone: AbortSignal;
}

/** @throws as `forwardRequest` */
export function forwardOperation(
  parts: ForwardParts,
  shard: number,
  operation: DecodedOperation,
  { identity, remainingMs, trace, isAgain, gone }: ForwardAttempt,
): Promise<Forwarded<OperationResponse>> {
  const address = parts.directory.primaryElsewhere(shard);
  if (isAgain && address !== undefined && parts.forwarder.hasJustFailed(address))
    return Promise.reject(new KvError('NO_PRIMARY', `the primary at ${address} could not be reached; the request was not sent`));
  const kind = operation.kind!;
  const isOfChanges = isChange(kind);
  const method = isOfChanges ? keyValueServiceWithRawKeys[changes[kind].rpc]! : methods[kind];
  const definition = method as MethodDefinition<object, OperationResponse>;
  const request = isOfChanges ? identified(operation, identity) : requestOf(operation, identity);
  return forwardRequest(parts, shard, definition, request, remainingMs, trace, gone);
}

/** Of two fields with one number nodes read the last (pipeline-operations.ts, operation-fields.ts). */
function identified({ buffer, valueStart, valueEnd }: DecodedOperation, identity: RequestIdentity | undefined): Buffer {
  const message = buffer.subarray(valueStart, valueEnd);
  if (identity === undefined) return message;
  const writer = new ProtobufWriter();
  writer.raw(message);
  writeIdentity(writer, identity);
  return writer.take();
}

function requestOf(operation: DecodedOperation, identity = operation.request): object {
  const { kind, key, buffer, valueStart, valueEnd, ifVersion, ifValue, ttlMs, keepTtl, sync } = operation;
  return {
    key: Buffer.from(key!),
    ...(kind === 'put' ? { value: buffer.subarray(valueStart, valueEnd) } : {}),
    ...(ifVersion === undefined ? {} : { ifVersion }),
    ...(ifValue === undefined ? {} : { ifValue }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(keepTtl ? { keepTtl } : {}),
    ...(sync ? { sync } : {}),
    ...identityFieldsOf(identity),
  };
}

/**
 * @throws KvError: the refusal of the other node; NO_PRIMARY or SHARD_OFFLINE if no primary is known; OUTCOME_UNKNOWN if no
 *   answer came.
 */
export async function forwardRequest<Request, Response>(
  { directory, forwarder }: ForwardParts,
  shard: number,
  method: MethodDefinition<Request, Response>,
  request: Request,
  deadlineMs: number,
  trace?: TraceHeaders,
  gone?: AbortSignal,
): Promise<Forwarded<Response>> {
  const address = directory.primaryElsewhere(shard);
  if (address === undefined) throw noPrimary(directory.awaited(shard));
  try {
    const response = await forwarder.forward(address, method, request, deadlineMs, trace, gone);
    directory.learnPrimary(shard, address, undefined);
    return { response, primaryAddress: address };
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    const failure = error.code === 'WRONG_CLUSTER' ? addressIsTaken(address, error) : error;
    directory.learnPrimary(shard, address, failure);
    throw isOfThePrimary(failure) ? failure.with({ primaryAddress: address, cause: failure }) : failure;
  }
}

/** The caller named the right cluster. For the caller the primary cannot be reached, and another may take its place. */
function addressIsTaken(address: string, cause: KvError): KvError {
  const message = `the primary cannot be reached: at its address, ${address}, is a node of another cluster (${cause.clusterId}), which executed nothing`;
  return new KvError('NO_PRIMARY', message, { cause });
}

/** Whether the refusal is about the request or the shard, and not about the node that refused. */
function isOfThePrimary({ code, executed, primaryAddress }: KvError): boolean {
  const isAboutTheNode = code === 'NOT_PRIMARY' || code === 'NO_PRIMARY' || code === 'STOPPING';
  return executed === 'no' && !isAboutTheNode && primaryAddress === undefined;
}
