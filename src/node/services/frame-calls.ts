/** The unary methods of the gRPC services over frames. Their handlers are those of gRPC: a call has one request and one answer. */
import { EventEmitter } from 'node:events';
import {
  Metadata,
  type MethodDefinition,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  type StatusObject,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { fromStatus, toStatus } from '../../wire/contract/grpc-status.js';
import type { FrameHandler } from './frame-server.js';
import { oneRequest } from './one-request.js';

type Method = MethodDefinition<object, object>;
type UnaryHandler = (call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) => void;

/** The handlers by the names of their rpcs. */
export function unaryHandlers(service: ServiceDefinition, implementation: UntypedServiceImplementation) {
  const handlers: Record<string, FrameHandler> = {};
  for (const [name, method] of Object.entries(service)) {
    const handler = implementation[name];
    if (handler === undefined || method.requestStream || method.responseStream) continue;
    handlers[method.path.slice(1)] = unaryHandler(method as Method, handler as unknown as UnaryHandler);
  }
  return handlers;
}

function unaryHandler({ requestDeserialize, responseSerialize }: Method, handler: UnaryHandler): FrameHandler {
  return oneRequest(requestDeserialize, (request, stream) => {
    // A status has everything that an error says.
    const fail = (status: Partial<StatusObject>): void => stream.fail(fromStatus(status as ServiceError));
    const call = new FrameCall(request);
    try {
      handler(call as unknown as ServerUnaryCall<object, object>, (error, response) => {
        if (error !== null) return fail(error);
        stream.send(responseSerialize(response!));
        stream.end();
      });
    } catch (error) {
      fail(toStatus(error));
    }
    return { onDrain() {}, onClosed: () => call.closed() };
  });
}

/** What a handler reads of a call. Over frames there is no metadata and no deadline: a caller that gives up closes the connection. */
class FrameCall extends EventEmitter {
  readonly request: object;
  readonly metadata = new Metadata();
  cancelled = false;

  constructor(request: object) {
    super();
    this.request = request;
  }

  getDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** The rpc is over, with or without an answer. */
  closed(): void {
    this.cancelled = true;
    this.emit('cancelled');
  }
}
