/** Server reflection, v1 and v1alpha, of the public contract and of gRPC health: with it tools such as grpcurl need no proto file. */
import type { Server, ServerDuplexStream, UntypedHandleCall } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import { loadProto, protoOptions } from '../../wire/contract/proto-files.js';
import { OpenStreams } from './open-streams.js';

type ReflectionStream = ServerDuplexStream<unknown, unknown>;

/** Bounds the open streams: reflection is for people with tools, who need few. */
const maxStreams = 100;

export class ReflectionServer {
  readonly #streams = new OpenStreams('reflection streams', maxStreams);

  addTo(server: Pick<Server, 'addService'>): void {
    const contracts = { ...loadProto('kv/v1/kv.proto'), ...loadSync(healthProtoPath, protoOptions) };
    new ReflectionService(contracts).addToServer({
      addService: (definition, handlers) => {
        const { ServerReflectionInfo } = handlers as { ServerReflectionInfo: (stream: ReflectionStream) => void };
        const bounded = (stream: ReflectionStream): void => {
          if (!this.#streams.admit(stream)) return;
          ServerReflectionInfo(stream);
          pauseWhileAnswersWait(stream);
        };
        server.addService(definition, { ServerReflectionInfo: bounded as UntypedHandleCall });
      },
    });
  }

  close(): void {
    this.#streams.endAll();
  }
}

/** The package answers every request: the answers to a client that does not read them would pile up. Call it after the package listens. */
function pauseWhileAnswersWait(stream: ReflectionStream): void {
  stream.on('data', () => {
    if (stream.writableNeedDrain) stream.pause();
  });
  stream.on('drain', () => stream.resume());
}
