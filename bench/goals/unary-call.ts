/** One unary call of kv.v1.KeyValue as bytes: as a file for h2load, and as a probe with a real client. */
import { Client, credentials } from '@grpc/grpc-js';
import { keyValueService } from '../../src/wire/contract/client-contract.js';

export interface UnaryCall {
  readonly method: 'Get' | 'Put';
  readonly request: object;
}

const deadlineMs = 5_000;

export function pathOf({ method }: UnaryCall): string {
  return keyValueService[method]!.path;
}

/** The request as it is in an HTTP/2 stream: a byte 0 for "not compressed", the length, the message. */
export function framedRequest({ method, request }: UnaryCall): Buffer {
  const message = keyValueService[method]!.requestSerialize(request);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Makes the call. @returns the encoded answer. @throws the gRPC error if there is none */
export async function probe(address: string, { method, request }: UnaryCall): Promise<Buffer> {
  const { path, requestSerialize } = keyValueService[method]!;
  const client = new Client(address, credentials.createInsecure());
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const deadline = Date.now() + deadlineMs;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        (bytes) => bytes,
        request,
        { deadline },
        (error, answer) => {
          if (error !== null) reject(error);
          else resolve(answer!);
        },
      );
    });
  } finally {
    client.close();
  }
}

/** Decodes an answer of `probe`. */
export function readAnswer<Answer>({ method }: UnaryCall, bytes: Buffer): Answer {
  return keyValueService[method]!.responseDeserialize(bytes) as Answer;
}
