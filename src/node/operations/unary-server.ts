/** The public service kv.v1.KeyValue: unary calls, each an operation on a key. */
import type { Metadata, ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { KvError } from '../../errors.js';
import { type TraceHeaders, traceHeadersOf, traceParentKey, traceStateKey } from '../../tracing/index.js';
import { primaryTrailer, toStatus } from '../../wire/contract/status.js';
import type { PendingCalls } from '../capacity/pending-calls.js';
import { wasForwarded } from './forwarder.js';
import type { KeyValueOperations, MethodName, RequestOf, ResponseOf } from './operation-executor.js';

export interface KeyValueServerParts {
  readonly operations: KeyValueOperations;
  readonly pending: PendingCalls;
  readonly logger: Logger;
}

export class KeyValueServer {
  readonly #parts: KeyValueServerParts;

  constructor(parts: KeyValueServerParts) {
    this.#parts = parts;
  }

  get implementation(): UntypedServiceImplementation {
    return { Get: this.#handler('Get'), Put: this.#handler('Put'), Delete: this.#handler('Delete') };
  }

  #handler<Name extends MethodName>(name: Name) {
    const { operations, pending } = this.#parts;
    return (call: ServerUnaryCall<RequestOf<Name>, ResponseOf<Name>>, callback: sendUnaryData<ResponseOf<Name>>): void => {
      const held = pending.begin(valueBytesOf(call.request));
      const caller = {
        ...{ api: 'unary' as const, wasForwarded: wasForwarded(call.metadata), remainingMs: () => remainingMs(call) },
        trace: traceOf(call.metadata),
      };
      operations.run(name, call.request, caller, {
        succeeded: (response, primaryAddress) => {
          held.end();
          callback(null, response, primaryAddress === undefined ? undefined : primaryTrailer(primaryAddress));
        },
        failed: (error) => {
          held.end();
          callback(this.#report(error));
        },
      });
    };
  }

  /** What nobody expected goes to the log with its stack, and leaves as a bland message. */
  #report(error: unknown): ReturnType<typeof toStatus> {
    if (!(error instanceof KvError)) this.#parts.logger.error({ err: error }, 'a request failed unexpectedly');
    return toStatus(error);
  }
}

function traceOf(metadata: Metadata): TraceHeaders | undefined {
  const [parent] = metadata.get(traceParentKey);
  // Of several, all together are the state (W3C, 3.3.1).
  return parent === undefined ? undefined : traceHeadersOf(String(parent), metadata.get(traceStateKey).join(',') || undefined);
}

/** Undefined: the caller sets no deadline. */
function remainingMs(call: { getDeadline(): Date | number }): number | undefined {
  const deadline = call.getDeadline();
  const remaining = (typeof deadline === 'number' ? deadline : deadline.getTime()) - Date.now();
  return Number.isFinite(remaining) ? Math.max(0, remaining) : undefined;
}

function valueBytesOf(request: object): number {
  return 'value' in request && request.value instanceof Uint8Array ? request.value.length : 0;
}
