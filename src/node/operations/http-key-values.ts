/** The operations of this node as HTTP uses them. */
import type { KeyValues, Origin } from '../../gateway/index.js';
import type { Method } from '../../metrics/index.js';
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

const alwaysStarted = { whenStarted: (): undefined => undefined };

/** @param parts throws while the node is starting. @param early keeps the requests that come meanwhile. */
export function httpKeyValues(
  maxValueBytes: number,
  parts: () => HttpParts,
  early: Pick<KeyValues, 'whenStarted'> = alwaysStarted,
): KeyValues {
  const run = <Kind extends Method>(
    kind: Kind,
    request: CallRequest<Kind>,
    { trace, waits, call }: Origin,
  ): Promise<CallResponse<Kind>> =>
    new Promise((succeeded, failed) => {
      const { executor, pending } = parts();
      const whenGone = (listener: () => void): void => call.whenEnded(listener);
      const options = { api: executor.apis.rest, pending, trace, waits, remainingMs: noDeadline, whenGone };
      runCall(executor, kind, request, options, { succeeded, failed });
    });
  return {
    maxValueBytes,
    whenStarted: () => early.whenStarted(),
    begin() {
      const { pending } = parts();
      const call = pending.begin(0);
      return {
        hold: (bytes) => call.hold(bytes),
        refuseWhatIsTooMuch: () => pending.refuseWhatIsTooMuch(),
        end: () => call.end(),
        whenEnded: (listener) => call.whenEnded(listener),
      };
    },
    get: (request, from) => run('get', request, from),
    put: (request, from) => run('put', request, from),
    delete: (request, from) => run('delete', request, from),
    change: (kind, message, from) => run(kind, message, from),
    refused(kind, code, trace) {
      const { executor } = parts();
      executor.refused(executor.apis.rest, kind, code, trace);
    },
    inSyncNodes: (key) => parts().inSyncNodes(key),
  };
}
