/** The operations of this node as HTTP uses them. */
import type { KeyValues } from '../../gateway/index.js';
import type { Method } from '../../metrics/index.js';
import type { TraceHeaders } from '../../tracing/index.js';
import type { PendingCalls } from '../capacity/pending-calls.js';
import type { OperationExecutor } from './operation-executor.js';
import { type CallRequest, type CallResponse, runCall } from './single-call.js';

export interface HttpParts {
  readonly executor: OperationExecutor;
  /** The account of HTTP alone: a client can be slow with a body or an answer, and the memory which that holds has its own limit. */
  readonly pending: PendingCalls;
  inSyncNodes(key: Buffer): Promise<readonly string[]>;
}

/** HTTP has no deadlines. */
const noDeadline = (): undefined => undefined;

/** `parts` throws while the node is starting. */
export function httpKeyValues(maxValueBytes: number, parts: () => HttpParts): KeyValues {
  const run = <Kind extends Method>(
    kind: Kind,
    request: CallRequest<Kind>,
    trace: TraceHeaders | undefined,
  ): Promise<CallResponse<Kind>> =>
    new Promise((succeeded, failed) => {
      const { executor, pending } = parts();
      const options = { api: executor.apis.rest, pending, trace, remainingMs: noDeadline };
      runCall(executor, kind, request, options, { succeeded, failed });
    });
  return {
    maxValueBytes,
    begin() {
      const { pending } = parts();
      const call = pending.begin(0);
      return {
        hold: (bytes) => call.hold(bytes),
        refuseWhatIsTooMuch: () => pending.refuseWhatIsTooMuch(),
        end: () => call.end(),
      };
    },
    get: (request, trace) => run('get', request, trace),
    put: (request, trace) => run('put', request, trace),
    delete: (request, trace) => run('delete', request, trace),
    refused(kind, code, trace) {
      const { executor } = parts();
      executor.refused(executor.apis.rest, kind, code, trace);
    },
    inSyncNodes: (key) => parts().inSyncNodes(key),
  };
}
