/** The unary calls of the public service kv.v1.KeyValue. */
import type { Metadata, ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Method } from '../../metrics/index.js';
import { type TraceHeaders, traceHeadersOf, traceParentKey, traceStateKey } from '../../tracing/index.js';
import { callWaits } from '../../wire/contract/call-wait.js';
import { changeMethods, changes } from '../../wire/contract/change-messages.js';
import { primaryTrailer, toStatus } from '../../wire/contract/grpc-status.js';
import type { PendingCalls } from '../capacity/pending-calls.js';
import { wasForwarded } from './forwarder.js';
import type { OperationExecutor } from './operation-executor.js';
import { type CallRequest, type CallResponse, runCall } from './single-call.js';

export class UnaryServer {
  readonly #executor: OperationExecutor;
  readonly #pending: PendingCalls;

  constructor(executor: OperationExecutor, pending: PendingCalls) {
    this.#executor = executor;
    this.#pending = pending;
  }

  get implementation(): UntypedServiceImplementation {
    const ofChanges = changeMethods.map((kind) => [changes[kind].rpc, this.#handler(kind)] as const);
    return {
      Get: this.#handler('get'),
      Put: this.#handler('put'),
      Delete: this.#handler('delete'),
      ...Object.fromEntries(ofChanges),
    };
  }

  #handler<Kind extends Method>(kind: Kind) {
    const executor = this.#executor;
    const pending = this.#pending;
    const { unary, forwarded } = executor.apis;
    return (call: ServerUnaryCall<CallRequest<Kind>, CallResponse<Kind>>, callback: sendUnaryData<CallResponse<Kind>>): void => {
      const { request, metadata } = call;
      const held = pending.begin(valueBytesOf(request));
      const api = wasForwarded(metadata) ? forwarded : unary;
      const options = {
        api,
        pending,
        trace: traceOf(metadata),
        waits: callWaits(metadata),
        remainingMs: () => callRemainingMs(call),
        whenGone: (listener: () => void) => void (call.cancelled ? listener() : call.once('cancelled', listener)),
      };
      runCall(executor, kind, request, options, {
        succeeded: (response, primaryAddress) => {
          held.end();
          callback(null, response, primaryAddress === undefined ? undefined : primaryTrailer(primaryAddress));
        },
        failed: (error) => {
          held.end();
          callback(toStatus(error));
        },
      });
    };
  }
}

function traceOf(metadata: Metadata): TraceHeaders | undefined {
  const [parent] = metadata.get(traceParentKey);
  // Several headers are one state together (W3C, 3.3.1).
  return parent === undefined ? undefined : traceHeadersOf(String(parent), metadata.get(traceStateKey).join(',') || undefined);
}

/** Undefined: the caller has set no deadline. */
export function callRemainingMs(call: { getDeadline(): Date | number }): number | undefined {
  const deadline = call.getDeadline();
  const remaining = (typeof deadline === 'number' ? deadline : deadline.getTime()) - Date.now();
  return Number.isFinite(remaining) ? Math.max(0, remaining) : undefined;
}

export function valueBytesOf(request: object): number {
  if (Buffer.isBuffer(request)) return request.length;
  return 'value' in request && request.value instanceof Uint8Array ? request.value.length : 0;
}
