/** The streaming path of a fake node: each operation goes to the handler of the unary call, its answer back as a result. */
import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js';
import type { FrameListener, FrameStream } from '../../../src/transport/index.js';
import { fromStatus } from '../../../src/wire/contract/grpc-status.js';
import type {
  DeleteRequest,
  DeleteResponse,
  GetRequest,
  GetResponse,
  PutRequest,
  PutResponse,
} from '../../../src/wire/contract/kv-api.js';
import { identityFieldsOf } from '../../../src/wire/contract/request-identity.js';
import { OperationReader } from '../../../src/wire/pipeline/pipeline-operations.js';
import { ResultWriter } from '../../../src/wire/pipeline/pipeline-results.js';

export interface DataHandlers {
  readonly Get: handleUnaryCall<GetRequest, GetResponse>;
  readonly Put: handleUnaryCall<PutRequest, PutResponse>;
  readonly Delete: handleUnaryCall<DeleteRequest, DeleteResponse>;
}

export function servePipeline(accept: (listener: FrameListener) => FrameStream, nodeId: string, handlers: DataHandlers): void {
  const stream = accept({
    onFrame: (message) => {
      const operations = new OperationReader(message);
      while (operations.next()) serve(stream, nodeId, handlers, operations);
    },
    onDrain() {},
    onEnd: () => stream.end(),
    onClosed() {},
  });
}

function serve(
  stream: FrameStream,
  nodeId: string,
  handlers: DataHandlers,
  { id, kind, key, ifVersion, buffer, valueStart, valueEnd, request: identity }: OperationReader,
): void {
  const value = Buffer.from(buffer.subarray(valueStart, valueEnd));
  const request = { key: key!, value, ...(ifVersion === undefined ? {} : { ifVersion }), ...identityFieldsOf(identity) };
  /** Calls the handler as grpc-js would, and writes what it answers. */
  const ask = <Request, Response>(
    handler: handleUnaryCall<Request, Response>,
    write: (results: ResultWriter, response: Response) => void,
  ) => {
    handler({ request } as unknown as ServerUnaryCall<Request, Response>, (error, response) => {
      const results = new ResultWriter(nodeId);
      if (error) results.error(id, fromStatus(error as Parameters<typeof fromStatus>[0]));
      else write(results, response as Response);
      stream.send(results.take());
    });
  };
  if (kind === 'get')
    ask(handlers.Get, (results, { found, value: stored, version, expiresInMs }) =>
      found ? results.found(id, stored, version, expiresInMs) : results.notFound(id),
    );
  else if (kind === 'put') ask(handlers.Put, (results, { version }) => results.put(id, version));
  else ask(handlers.Delete, (results, { version }) => results.delete(id, version));
}
