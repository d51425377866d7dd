/**
 * What the operations of one pipeline do at the shard, and their results until they are sent. This is the hot path of a
 * node: an operation costs no promise, no timer and no lock where nobody is in its way, and the clock is read once for many.
 */
import { KvError } from '../errors.js';
import { ownCopyOf } from '../rpc/own-memory.js';
import type { OperationReader } from '../rpc/pipeline-operations.js';
import { ResultWriter } from '../rpc/pipeline-results.js';
import type { StoredValue } from '../storage/index.js';
import type { LocalShard } from './local-shard.js';
import { OrderedGet, PipelinedDelete, PipelinedPut, type Results } from './pipelined-operations.js';
import { checkDecodedKey, checkIfVersion, checkValue } from './request-checks.js';

export interface PipelineContext {
  readonly nodeId: string;
  readonly maxValueBytes: number;
  readonly local: LocalShard;
  /** Why nothing is taken in any more. */
  refusalOfAll(): KvError | undefined;
  /** An error as the caller should see it: the primary's whereabouts are added, the unexpected is logged. */
  explain(error: unknown): KvError;
  /** So many operations more, or fewer, wait to be answered. */
  waiting(operations: number): void;
}

/** What becomes of the results. */
export interface ResultOutput {
  /** False: the client does not take what is there. */
  mayWrite(): boolean;
  /** One of about so many bytes comes: what is there leaves first if both would not go into one message. */
  makeRoom(bytes: number): void;
  /** There is one more. */
  added(): void;
}

interface UnreadGet {
  readonly id: number;
  readonly bytes: number;
  readonly key: string;
}

export class PipelineExecutor implements Results {
  readonly results: ResultWriter;
  readonly #context: PipelineContext;
  readonly #output: ResultOutput;
  /** Ordered gets that may be read, of a client that does not take results: their values wait where they are stored. */
  #unread: UnreadGet[] = [];
  #unanswered = 0;
  #unansweredBytes = 0;

  constructor(context: PipelineContext, output: ResultOutput) {
    this.#context = context;
    this.#output = output;
    this.results = new ResultWriter(context.nodeId);
  }

  /** Operations that wait, and what they hold. */
  get unanswered(): number {
    return this.#unanswered;
  }
  get unansweredBytes(): number {
    return this.#unansweredBytes;
  }

  /** Does it, or begins to. `refusalOfRead` is of `nowMs`, and that of this turn, after the operation came in (R9). */
  execute(operation: OperationReader, refusalOfRead: KvError | undefined, nowMs: number): void {
    const { id } = operation;
    try {
      const refusal = this.#context.refusalOfAll();
      if (refusal !== undefined) throw refusal;
      if (operation.kind === undefined)
        throw new KvError('INVALID_ARGUMENT', 'an operation that is neither get nor put nor delete');
      const key = checkDecodedKey(operation.key, operation.keyBytes);
      if (operation.kind === 'get') this.#get(id, key, refusalOfRead);
      else if (operation.kind === 'put') this.#put(operation, key, nowMs);
      else this.#delete(operation, key, nowMs);
    } catch (error) {
      this.#error(id, error);
    }
  }

  /** The client takes results again. `refusalOfRead` as in `execute`. */
  readOn(refusalOfRead: KvError | undefined): void {
    let next = 0;
    for (; next < this.#unread.length && this.#output.mayWrite(); next++) {
      const { id, bytes, key } = this.#unread[next]!;
      if (refusalOfRead !== undefined) this.failed(id, bytes, refusalOfRead);
      else this.#readOrdered(id, bytes, key);
    }
    this.#unread = this.#unread.slice(next);
  }

  #get(id: number, key: string, refusal: KvError | undefined): void {
    const { local } = this.#context;
    if (this.#unanswered > 0 && local.isBeingWritten(key)) {
      this.#waitsFor(key.length);
      return local.readInOrder(key, new OrderedGet(this, id, key));
    }
    if (refusal !== undefined) throw refusal;
    this.#read(id, key);
  }

  #put(operation: OperationReader, key: string, nowMs: number): void {
    const { buffer, valueStart, valueEnd, ifVersion } = operation;
    const bytes = valueEnd - valueStart;
    checkValue(bytes, this.#context.maxValueBytes);
    checkIfVersion(ifVersion, 0);
    this.#waitsFor(bytes);
    const value = ownCopyOf(buffer, valueStart, valueEnd);
    this.#context.local.write({ key, value, ifVersion }, new PipelinedPut(this, operation.id, bytes), nowMs);
  }

  #delete({ id, ifVersion }: OperationReader, key: string, nowMs: number): void {
    checkIfVersion(ifVersion, 1);
    this.#waitsFor(key.length);
    this.#context.local.write({ key, value: undefined, ifVersion }, new PipelinedDelete(this, id, key.length), nowMs);
  }

  /** What is stored now. */
  #read(id: number, key: string): void {
    const stored = this.#context.local.stored(key);
    if (!(stored instanceof Promise)) return this.#value(id, stored);
    const bytes = key.length;
    this.#waitsFor(bytes);
    stored.then(
      (found) => {
        this.#settled(bytes);
        this.#value(id, found);
      },
      (error: unknown) => this.failed(id, bytes, error),
    );
  }

  #value(id: number, stored: StoredValue | undefined): void {
    if (stored === undefined) this.results.notFound(id);
    else {
      this.#output.makeRoom(stored.value.length);
      this.results.found(id, stored.value, stored.version);
    }
    this.#output.added();
  }

  written(id: number, bytes: number, version: number): void {
    this.#settled(bytes);
    this.results.put(id, version);
    this.#output.added();
  }

  deleted(id: number, bytes: number, version: number): void {
    this.#settled(bytes);
    this.results.delete(id, version);
    this.#output.added();
  }

  readable(id: number, bytes: number, key: string): void {
    if (this.#output.mayWrite()) this.#readOrdered(id, bytes, key);
    else this.#unread.push({ id, bytes, key });
  }

  #readOrdered(id: number, bytes: number, key: string): void {
    this.#settled(bytes);
    this.#read(id, key);
  }

  failed(id: number, bytes: number, error: unknown): void {
    this.#settled(bytes);
    this.#error(id, error);
  }

  #error(id: number, error: unknown): void {
    this.results.error(id, this.#context.explain(error));
    this.#output.added();
  }

  #waitsFor(bytes: number): void {
    this.#unanswered++;
    this.#unansweredBytes += bytes;
    this.#context.waiting(1);
  }

  #settled(bytes: number): void {
    this.#unanswered--;
    this.#unansweredBytes -= bytes;
    this.#context.waiting(-1);
  }
}
