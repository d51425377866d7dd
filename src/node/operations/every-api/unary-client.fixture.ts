/** Clients of unary rpcs, as gRPC and as frames carry them. */
import { EventEmitter } from 'node:events';
import { Metadata, type ServiceError, type StatusObject, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { KvError } from '../../../errors.js';
import type { FrameStream } from '../../../transport/index.js';
import { changes, isChange } from '../../../wire/contract/change-messages.js';
import { fromStatus } from '../../../wire/contract/grpc-status.js';
import type { GetResponse } from '../../../wire/contract/kv-api.js';
import { identityFieldsOf } from '../../../wire/contract/request-identity.js';
import { keyValueServiceWithRawKeys } from '../../../wire/contract/server-contract.js';
import { unaryHandlers } from '../../services/frame-calls.js';
import {
  changeAnswerOf,
  failureOf,
  foundAnswer,
  isKeyRequest,
  messageOf,
  type TestAnswer,
  type TestRequest,
} from './test-request.fixture.js';

export interface TestUnaryCall {
  readonly answer: Promise<TestAnswer>;
  /** The client gives up. */
  cancel(): void;
}

/** @param deadline when the client gives up, as gRPC has it. */
export function asUnaryCall(service: UntypedServiceImplementation, request: TestRequest, deadline: () => number): TestUnaryCall {
  const { traceParent, waits = false } = request;
  const metadata = new Metadata();
  if (!waits) metadata.set('kv-wait', 'no');
  if (traceParent !== undefined) metadata.set('traceparent', traceParent);
  const call = Object.assign(new EventEmitter(), { request: decodedOf(request), metadata, getDeadline: deadline });
  const handler = service[rpcOf(request)] as (asked: typeof call, callback: UnaryCallback) => void;
  const answer = new Promise<TestAnswer>((resolve) => {
    handler(call, (status, response) => {
      resolve(status === null ? answerOf(request, response!) : failureOf(fromStatus(status as ServiceError)));
    });
  });
  return { answer, cancel: () => call.emit('cancelled') };
}

/** Encodes the request, and decodes the response, as they travel in frames. */
export function overFrames(service: UntypedServiceImplementation, request: TestRequest): Promise<TestAnswer> {
  const { path, requestSerialize, responseDeserialize } = keyValueServiceWithRawKeys[rpcOf(request)]!;
  const handler = unaryHandlers(keyValueServiceWithRawKeys, service)[path.slice(1)]!;
  return new Promise((resolve) => {
    const stream: FrameStream = {
      queuedBytes: 0,
      send(message) {
        resolve(answerOf(request, responseDeserialize(Buffer.from(message as Buffer))));
        return true;
      },
      pause() {},
      resume() {},
      end() {},
      fail: (error: KvError) => resolve(failureOf(error)),
      cancel() {},
    };
    const refuse = (error: KvError): void => resolve(failureOf(error));
    const accept: Parameters<typeof handler>[0] = (listener) => {
      queueMicrotask(() => {
        listener.onFrame(requestSerialize(decodedOf(request)));
        listener.onEnd();
      });
      return stream;
    };
    handler(accept, refuse, () => {});
  });
}

type UnaryCallback = (status: StatusObject | null, response?: object) => void;

function rpcOf({ kind }: TestRequest): string {
  return isChange(kind) ? changes[kind].rpc : { get: 'Get', put: 'Put', delete: 'Delete' }[kind];
}

/** As the server reads it: the request of an operation of `changes` stays encoded. */
function decodedOf(request: TestRequest): object {
  if (!isKeyRequest(request)) return messageOf(request);
  const { kind, key, value, ifVersion, ifValue, ttlMs, keepTtl, sync, identity } = request;
  return {
    key,
    ...(kind === 'put' && { value }),
    ...(ifVersion !== undefined && { ifVersion }),
    ...(ifValue !== undefined && { ifValue }),
    ...(ttlMs !== undefined && { ttlMs }),
    ...(keepTtl !== undefined && { keepTtl }),
    ...(sync !== undefined && { sync }),
    ...identityFieldsOf(identity),
  };
}

function answerOf({ kind }: TestRequest, response: object): TestAnswer {
  if (isChange(kind)) return changeAnswerOf(kind, response as Buffer);
  const { found, value, version, expiresInMs, existed } = response as GetResponse & { existed: boolean };
  if (kind === 'get') return foundAnswer(found, value.toString(), version, expiresInMs);
  return kind === 'put' ? { version } : { existed, version };
}
