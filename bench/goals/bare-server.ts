/**
 * Shows the cost of grpc-js without a store: a server with kvnode's own settings has the unary calls of
 * kv.v1.KeyValue, and its handler answers with a constant. It does not even decode requests.
 */
import type { handleUnaryCall } from '@grpc/grpc-js';
import { listen } from '../../src/node/services/listen.js';
import { keyValueService } from '../../src/wire/contract/client-contract.js';

export interface BareServerPlan {
  /** The encoded message of every answer. */
  readonly answerBase64: string;
}

export interface BareServerReport {
  readonly port: number;
}

const [plan] = process.argv.slice(2);
const answer = Buffer.from((JSON.parse(plan!) as BareServerPlan).answerBase64, 'base64');
const asItIs = (bytes: Buffer): Buffer => bytes;
const unary = Object.entries(keyValueService).filter(([, { requestStream }]) => !requestStream);
const bare = { requestDeserialize: asItIs, responseSerialize: asItIs };
const handler: handleUnaryCall<Buffer, Buffer> = (_call, callback) => callback(null, answer);

const { server, port } = await listen('127.0.0.1', 0, (socket) => socket.destroy());
server.addService(
  Object.fromEntries(unary.map(([name, method]) => [name, { ...method, ...bare }])),
  Object.fromEntries(unary.map(([name]) => [name, handler])),
);
process.stdout.write(`${JSON.stringify({ port } satisfies BareServerReport)}\n`);
