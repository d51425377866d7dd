/**
 * Server reflection, v1 and v1alpha, of the public contract and of gRPC health: with it tools such as grpcurl need no proto file.
 *
 * It is built when it is first called: few nodes are ever asked, and it would be a tenth of the CPU time that a node takes to start.
 */
import type { MethodDefinition, Server, ServerDuplexStream, UntypedHandleCall } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import { KvError } from '../../errors.js';
import { toStatus } from '../../wire/contract/grpc-status.js';
import { loadProto, protoOptions } from '../../wire/contract/proto-files.js';
import { OpenStreams } from './open-streams.js';

type ReflectionStream = ServerDuplexStream<unknown, unknown>;
type ReflectionMethod = MethodDefinition<unknown, unknown>;

interface BuiltMethod {
  readonly definition: ReflectionMethod;
  readonly handle: (stream: ReflectionStream) => void;
}

/** The only method of each version. */
const method = 'ServerReflectionInfo';
const services = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

/** Bounds the open streams: reflection is for people with tools, who need few. */
const maxStreams = 100;

export class ReflectionServer {
  readonly #streams = new OpenStreams('reflection streams', maxStreams);
  /** By path, once it was called. */
  #built: ReadonlyMap<string, BuiltMethod> | undefined;

  addTo(server: Pick<Server, 'addService'>): void {
    for (const service of services) {
      const path = `/${service}/${method}`;
      server.addService({ [method]: this.#definition(path) }, { [method]: this.#handler(path) as UntypedHandleCall });
    }
  }

  close(): void {
    this.#streams.endAll();
  }

  /** Knows how messages are read and written once there is a message. */
  #definition(path: string): ReflectionMethod {
    return {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: (message) => this.#method(path).definition.requestSerialize(message),
      requestDeserialize: (bytes) => this.#method(path).definition.requestDeserialize(bytes),
      responseSerialize: (message) => this.#method(path).definition.responseSerialize(message),
      responseDeserialize: (bytes) => this.#method(path).definition.responseDeserialize(bytes),
    };
  }

  #handler(path: string): (stream: ReflectionStream) => void {
    return (stream) => {
      if (!this.#streams.admit(stream)) return;
      try {
        this.#method(path).handle(stream);
      } catch (error) {
        stream.emit('error', toStatus(notBuilt(error)));
        return;
      }
      pauseWhileAnswersWait(stream);
    };
  }

  #method(path: string): BuiltMethod {
    this.#built ??= build();
    const found = this.#built.get(path);
    if (found === undefined) throw new Error(`@grpc/reflection has no method ${path}`);
    return found;
  }
}

/** Its files may have been removed since the node started. */
function notBuilt(error: unknown): KvError {
  const why = error instanceof Error ? error.message : String(error);
  return new KvError(
    'INTERNAL',
    `server reflection cannot be built: ${why}. Keys and values are not affected; use the proto files, or restart the node once its installation is complete`,
  );
}

function build(): ReadonlyMap<string, BuiltMethod> {
  const contracts = { ...loadProto('kv/v1/kv.proto'), ...loadSync(healthProtoPath, protoOptions) };
  const built = new Map<string, BuiltMethod>();
  new ReflectionService(contracts).addToServer({
    addService: (service, handlers) => {
      const definition = service[method]!;
      built.set(definition.path, { definition, handle: handlers[method] as BuiltMethod['handle'] });
    },
  });
  return built;
}

/** The package answers every request: the answers to a client that does not read them would pile up. Call it after the package listens. */
function pauseWhileAnswersWait(stream: ReflectionStream): void {
  stream.on('data', () => {
    if (stream.writableNeedDrain) stream.pause();
  });
  stream.on('drain', () => stream.resume());
}
