/** Operations of a pipeline that have to wait, and where their results go. */
import { LocalOperation } from './local-shard.js';

/** A stream, as an operation of it sees it; `bytes` is what the operation held while it waited. */
export interface Results {
  written(id: number, bytes: number, version: number): void;
  /** Version 0: there was nothing to delete. */
  deleted(id: number, bytes: number, version: number): void;
  /** The key may be read, and answered, in this turn. */
  readable(id: number, bytes: number, key: string): void;
  failed(id: number, bytes: number, error: unknown): void;
}

abstract class PipelinedOperation extends LocalOperation {
  readonly results: Results;
  readonly id: number;
  readonly bytes: number;

  constructor(results: Results, id: number, bytes: number) {
    super();
    this.results = results;
    this.id = id;
    this.bytes = bytes;
  }

  override failed(error: unknown): void {
    this.results.failed(this.id, this.bytes, error);
  }
}

export class PipelinedPut extends PipelinedOperation {
  override succeeded(version: number): void {
    this.results.written(this.id, this.bytes, version);
  }
}

export class PipelinedDelete extends PipelinedOperation {
  override succeeded(version: number): void {
    this.results.deleted(this.id, this.bytes, version);
  }
}

/** A get behind a write of its key. */
export class OrderedGet extends PipelinedOperation {
  readonly key: string;

  constructor(results: Results, id: number, key: string) {
    super(results, id, key.length);
    this.key = key;
  }

  override succeeded(): void {
    this.results.readable(this.id, this.bytes, this.key);
  }
}
