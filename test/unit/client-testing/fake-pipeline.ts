/** The streaming path of a fake node: each operation goes to the handler of the unary call, its answer back as a result. */
import { type handleUnaryCall, Metadata, type ServerDuplexStream, type ServerUnaryCall } from '@grpc/grpc-js';
import { fromStatus } from '../../../src/wire/contract/grpc-status.js';
import type {
  DeleteRequest,
  DeleteResponse,
  GetRequest,
  GetResponse,
  PutRequest,
  PutResponse,
} from '../../../src/wire/contract/kv-api.js';
import { OperationReader } from '../../../src/wire/pipeline/pipeline-operations.js';
import { ResultWriter } from '../../../src/wire/pipeline/pipeline-results.js';

export interface DataHandlers {
  readonly Get: handleUnaryCall<GetRequest, GetResponse>;
  readonly Put: handleUnaryCall<PutRequest, PutResponse>;
  readonly Delete: handleUnaryCall<DeleteRequest, DeleteResponse>;
}

export function servePipeline(call: ServerDuplexStream<Buffer, Buffer>, nodeId: string, handlers: DataHandlers): void {
  call.sendMetadata(new Metadata());
  call.on('error', () => {});
  call.on('end', () => call.end());
  call.on('data', (message: Buffer) => {
    const operations = new OperationReader(message);
    while (operations.next()) serve(call, nodeId, handlers, operations);
  });
}

function serve(
  call: ServerDuplexStream<Buffer, Buffer>,
  nodeId: string,
  handlers: DataHandlers,
  { id, kind, key, ifVersion, buffer, valueStart, valueEnd }: OperationReader,
): void {
  const value = Buffer.from(buffer.subarray(valueStart, valueEnd));
  const request = { key: key!, value, ...(ifVersion === undefined ? {} : { ifVersion }) };
  /** Calls the handler as grpc-js would, and writes what it answers. */
  const ask = <Request, Response>(
    handler: handleUnaryCall<Request, Response>,
    write: (results: ResultWriter, response: Response) => void,
  ) => {
    handler({ request } as unknown as ServerUnaryCall<Request, Response>, (error, response) => {
      const results = new ResultWriter(nodeId);
      if (error) results.error(id, fromStatus(error as Parameters<typeof fromStatus>[0]));
      else write(results, response as Response);
      call.write(results.take());
    });
  };
  if (kind === 'get')
    ask(handlers.Get, (results, { found, value: stored, version }) =>
      found ? results.found(id, stored, version) : results.notFound(id),
    );
  else if (kind === 'put') ask(handlers.Put, (results, { version }) => results.put(id, version));
  else ask(handlers.Delete, (results, { version }) => results.delete(id, version));
}
