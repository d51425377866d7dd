/** Plain gRPC with messages by the proto file: calls to one node, which nothing on the side of the client sends again. */
import { Client, credentials, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { NodeProcess } from '../../../local/node-process.js';

const deadlineMs = 30_000;
const file = new URL('../../../proto/kv/v1/kv.proto', import.meta.url).pathname;
const keyValue = loadSync(file, { longs: Number, defaults: true })['kv.v1.KeyValue'] as ServiceDefinition;

/** What the tests read of an answer. */
export interface PlainAnswer {
  readonly value: string;
  readonly version: number;
  readonly position: { readonly history: string; readonly seq: number };
}

/** Many calls to one node share a connection. */
export class PlainCaller implements Disposable {
  readonly #client: Client;

  constructor(node: NodeProcess) {
    this.#client = new Client(node.address, credentials.createInsecure());
  }

  call(rpc: string, request: object): Promise<PlainAnswer> {
    const { path, requestSerialize, responseDeserialize } = keyValue[rpc]!;
    const options = { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, (error, answer) =>
        error === null ? resolve(answer as PlainAnswer) : reject(error),
      );
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** A single call. */
export async function callPlainly(node: NodeProcess, rpc: string, request: object): Promise<PlainAnswer> {
  using caller = new PlainCaller(node);
  return await caller.call(rpc, request);
}

/** Gives what the refusal says of the request. */
export function refusalOf({ metadata }: ServiceError): unknown[] {
  return ['kv-code', 'kv-executed', 'kv-position'].map((name) => metadata.get(name)[0]);
}
