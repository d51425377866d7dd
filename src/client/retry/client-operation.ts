/** An operation as the retry logic sees it, and how one of its attempts failed. */
import { KvError } from '../../errors.js';
import type { Limits } from '../call-limits.js';
import type { OpenRequest } from '../requests/shard-requests.js';
import type { NodeTransport } from '../transport/node-transport.js';
import type { PipelineTransport } from '../transport/pipeline-transport.js';
import type { Access } from './retry-rule.js';

export interface ClientOperation<Response> {
  /** May change with the first attempt: only then a write has a number and a position. */
  readonly access: Access;
  /** The operation is sent to the primary of this shard; `anyShard` if any node can answer it. */
  readonly shard: number;
  /** Approximate size of the request. */
  readonly bytes: number;
  /** Of a write, from its first attempt on. */
  readonly request?: OpenRequest | undefined;
  /**
   * Makes one attempt. `pipeline` is the stream to the node, given only if the node is believed to be the primary: a node
   * forwards unary calls, but not operations on a stream.
   */
  send(transport: NodeTransport, limits: Limits, pipeline: PipelineTransport | undefined): Promise<Response>;
}

/** A failed attempt. */
export interface Failure {
  readonly error: KvError;
  /** The node that received the attempt; undefined if no node could be reached. */
  readonly address: string | undefined;
  /** The primary that the topology named when the attempt was made. */
  readonly primaryThen: string | undefined;
}

export function toKvError(error: unknown): KvError {
  return error instanceof KvError ? error : new KvError('INTERNAL', 'a fault of the client library', { cause: error });
}

export function closedError(): KvError {
  return new KvError('CLOSED', 'the client is closed');
}
