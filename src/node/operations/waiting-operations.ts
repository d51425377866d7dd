/** Operations of a pipeline that have to wait, and where their results go. */
import type { Answer, LogEntry } from '../../replication/index.js';
import type { DataRequest } from '../../wire/pipeline/pipeline-operations.js';
import { LocalOperation, type LocalShard } from '../shards/local-shard.js';

/** A stream, as an operation of it sees it; `bytes` is what the operation held while it waited. */
export interface Results {
  written(id: number, bytes: number, version: number): void;
  /** Version 0: there was nothing to delete. */
  deleted(id: number, bytes: number, version: number): void;
  /** The key is to be read, and answered, at once: a later write of it may be applied before this turn is over. */
  readable(get: OrderedGet): void;
  /** The answer is what `entry` left, whatever is stored by now. */
  readFrom(get: OrderedGet, entry: LogEntry): void;
  failed(operation: PipelinedOperation, error: unknown): void;
  /** A sample of how long one took that came in at `receivedMs`, before it is answered. */
  sampled(kind: DataRequest['kind'], receivedMs: number): void;
}

export abstract class PipelinedOperation extends LocalOperation {
  abstract get kind(): DataRequest['kind'];
  readonly results: Results;
  readonly id: number;
  readonly bytes: number;
  readonly shard: number;

  constructor(results: Results, id: number, bytes: number, shard: number) {
    super();
    this.results = results;
    this.id = id;
    this.bytes = bytes;
    this.shard = shard;
  }

  override failed(error: unknown): void {
    this.results.failed(this, error);
  }
}

export class PipelinedPut extends PipelinedOperation {
  override get kind() {
    return 'put' as const;
  }

  override succeeded(version: number): void {
    this.results.written(this.id, this.bytes, version);
  }
}

/** One of which it is told how long it took. */
export class SampledPut extends PipelinedPut {
  readonly receivedMs: number;

  constructor(results: Results, id: number, bytes: number, shard: number, receivedMs: number) {
    super(results, id, bytes, shard);
    this.receivedMs = receivedMs;
  }

  override succeeded(version: number): void {
    this.results.sampled('put', this.receivedMs);
    super.succeeded(version);
  }
}

export class PipelinedDelete extends PipelinedOperation {
  override get kind() {
    return 'delete' as const;
  }

  override succeeded(version: number): void {
    this.results.deleted(this.id, this.bytes, version);
  }
}

/** A get behind a write of its key. */
export class OrderedGet extends PipelinedOperation {
  readonly key: string;
  readonly local: LocalShard;

  constructor(results: Results, id: number, key: string, shard: number, local: LocalShard) {
    super(results, id, key.length, shard);
    this.key = key;
    this.local = local;
  }

  override get kind() {
    return 'get' as const;
  }

  override answer(answer: Answer): void {
    if (answer.kind === 'readable' && answer.entry !== undefined) this.results.readFrom(this, answer.entry);
    else super.answer(answer);
  }

  override succeeded(): void {
    this.results.readable(this);
  }
}
