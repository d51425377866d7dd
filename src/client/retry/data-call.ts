/** An operation on keys from the call until its promise is settled. */
import type { DataRequest } from '../../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../../wire/pipeline/pipeline-results.js';
import type { Limits } from '../call-limits.js';
import type { ClientRequests } from '../requests/client-requests.js';
import type { OpenRequest } from '../requests/shard-requests.js';
import type { NodeTransport } from '../transport/node-transport.js';
import type { PipelineTransport, Reply } from '../transport/pipeline-transport.js';
import type { ClientOperation } from './client-operation.js';
import type { Access } from './retry-rule.js';

export interface DataCallParts {
  readonly requests: ClientRequests;
  readonly data: DataRequest;
  readonly shard: number;
  readonly bytes: number;
  readonly limits: Limits;
  resolve(result: DataResult): void;
  reject(error: unknown): void;
}

export class DataCall implements ClientOperation<DataResult> {
  readonly #parts: DataCallParts;
  #request: OpenRequest | undefined;

  constructor(parts: DataCallParts) {
    this.#parts = parts;
  }

  get shard(): number {
    return this.#parts.shard;
  }

  get bytes(): number {
    return this.#parts.bytes;
  }

  get limits(): Limits {
    return this.#parts.limits;
  }

  get access(): Access {
    if (this.#parts.data.kind === 'get') return 'read';
    return this.#request?.isRecognisable === true ? 'request' : 'write';
  }

  get request(): OpenRequest | undefined {
    return this.#request;
  }

  /** The first attempt, which costs no promise. */
  begin(pipeline: PipelineTransport, reply: Reply): void {
    pipeline.send(this.#parts.data, this.#parts.limits, reply, this.#identity());
  }

  send(transport: NodeTransport, limits: Limits, pipeline: PipelineTransport | undefined): Promise<DataResult> {
    return (pipeline ?? transport).execute(this.#parts.data, limits, this.#identity());
  }

  resolve(result: DataResult): void {
    const { requests, shard, resolve } = this.#parts;
    requests.sawVersion(shard, result.version);
    this.#request?.end();
    resolve(result);
  }

  reject(error: unknown): void {
    this.#request?.end();
    this.#parts.reject(error);
  }

  /** That of a write is made just before it is first sent, so that its position is new. */
  #identity(): OpenRequest | undefined {
    if (this.#parts.data.kind === 'get') return undefined;
    this.#request ??= this.#parts.requests.open(this.#parts.shard);
    return this.#request;
  }
}
