/**
 * What the operations of one pipeline do at their shards, and their results until they are sent. This is the hot path of a
 * node: an operation costs no promise, no timer and no lock where nobody is in its way, and the clock is read once for many.
 */
import { type ErrorCode, KvError } from '../../errors.js';
import type { ApiCounts } from '../../metrics/index.js';
import { shardOfKey } from '../../placement/index.js';
import type { LogEntry } from '../../replication/index.js';
import type { StoredValue } from '../../storage/index.js';
import { type OperationSpan, type Tracing, traceHeadersOf } from '../../tracing/index.js';
import type { DataRequest, OperationReader } from '../../wire/pipeline/pipeline-operations.js';
import { ResultWriter } from '../../wire/pipeline/pipeline-results.js';
import { ownCopyOf } from '../../wire/protobuf/own-memory.js';
import type { LocalShard } from '../shards/local-shard.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { checkDecodedKey, checkIfVersion, checkValue } from './request-checks.js';
import { ShardVisits } from './shard-slice.js';
import {
  OrderedGet,
  PipelinedDelete,
  type PipelinedOperation,
  PipelinedPut,
  type Results,
  SampledPut,
} from './waiting-operations.js';

export interface PipelineContext {
  readonly nodeId: string;
  readonly maxValueBytes: number;
  readonly directory: ShardDirectory;
  readonly counts: ApiCounts;
  /** Undefined: this process makes no spans. */
  readonly tracing: Tracing | undefined;
  /** Why nothing is taken in any more. */
  refusalOfAll(): KvError | undefined;
  /** An error as the caller should see it: the whereabouts of the shard's primary are added, the unexpected is logged. */
  explain(error: unknown, shard: number): KvError;
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

export class PipelineExecutor implements Results {
  readonly results: ResultWriter;
  readonly visits: ShardVisits;
  readonly #context: PipelineContext;
  readonly #output: ResultOutput;
  /** Ordered gets of a client that does not take results, each with the entry that it is answered from: no value is copied. */
  #unread: [get: OrderedGet, entry: LogEntry][] = [];
  #unanswered = 0;
  #unansweredBytes = 0;
  #receivedMs = 0;
  /** Of one message in one slice one get and one put are timed, which is as much as the clock is worth. */
  #hasRead = false;
  #samplesPut = false;
  /** Of operations that are traced and not answered, by id; undefined as long as none came. */
  #spans: Map<number, OperationSpan> | undefined;

  constructor(context: PipelineContext, output: ResultOutput) {
    this.#context = context;
    this.#output = output;
    this.results = new ResultWriter(context.nodeId);
    this.visits = new ShardVisits(context.directory);
  }

  /** Operations that wait, and what they hold. */
  get unanswered(): number {
    return this.#unanswered;
  }
  get unansweredBytes(): number {
    return this.#unansweredBytes;
  }

  /** What is executed from here on came in at `receivedMs`. */
  beginMessage(receivedMs: number): void {
    this.#receivedMs = receivedMs;
    this.#hasRead = false;
    this.#samplesPut = true;
  }

  /** The last get that was answered at once has waited for all before it. */
  endMessage(): void {
    if (this.#hasRead) this.sampled('get', this.#receivedMs);
  }

  /** Does it, or begins to. `visits` are those of this turn, after the operation came in (R9). */
  execute(operation: OperationReader): void {
    let shard = 0;
    if (operation.traceParent !== undefined) this.#beginSpan(operation);
    try {
      const refusal = this.#context.refusalOfAll();
      if (refusal !== undefined) throw refusal;
      if (operation.kind === undefined)
        throw new KvError('INVALID_ARGUMENT', 'an operation that is neither get nor put nor delete');
      const key = checkDecodedKey(operation.key, operation.keyBytes);
      const { shardCount } = this.#context.directory;
      if (shardCount > 1) shard = shardOfKey(key, shardCount);
      const local = this.visits.local(shard);
      if (operation.kind === 'get') this.#get(operation.id, key, shard, local);
      else if (operation.kind === 'put') this.#put(operation, key, shard, local);
      else this.#delete(operation, key, shard, local);
    } catch (error) {
      this.#error(operation.id, operation.kind, error, shard);
    }
  }

  /**
   * The client takes results again. Their reads took place when the entries committed, under the lease of that moment (R9):
   * whatever has become of the primary and the keys since, they are what the gets have to be answered with.
   */
  readOn(): void {
    let next = 0;
    for (; next < this.#unread.length && this.#output.mayWrite(); next++) this.#answerFrom(...this.#unread[next]!);
    if (next > 0) this.#unread = this.#unread.slice(next);
  }

  #get(id: number, key: string, shard: number, local: LocalShard): void {
    if (this.#unanswered > 0 && local.isBeingWritten(key)) {
      this.#waitsFor(key.length);
      return local.readInOrder(key, new OrderedGet(this, id, key, shard, local));
    }
    const refusal = this.visits.refusalOfRead(shard, local);
    if (refusal !== undefined) throw refusal;
    this.#read(id, key, shard, local);
    this.#hasRead = true;
  }

  #put(operation: OperationReader, key: string, shard: number, local: LocalShard): void {
    const { buffer, valueStart, valueEnd, ifVersion } = operation;
    const bytes = valueEnd - valueStart;
    checkValue(bytes, this.#context.maxValueBytes);
    checkIfVersion(ifVersion, 0);
    this.#waitsFor(bytes);
    const value = ownCopyOf(buffer, valueStart, valueEnd);
    this.visits.wrote(shard, local);
    const put = this.#samplesPut
      ? new SampledPut(this, operation.id, bytes, shard, this.#receivedMs)
      : new PipelinedPut(this, operation.id, bytes, shard);
    this.#samplesPut = false;
    local.write({ key, value, ifVersion }, put, this.visits.nowMs);
  }

  #delete({ id, ifVersion }: OperationReader, key: string, shard: number, local: LocalShard): void {
    checkIfVersion(ifVersion, 1);
    this.#waitsFor(key.length);
    this.visits.wrote(shard, local);
    const operation = new PipelinedDelete(this, id, key.length, shard);
    local.write({ key, value: undefined, ifVersion }, operation, this.visits.nowMs);
  }

  /** What is stored now. */
  #read(id: number, key: string, shard: number, local: LocalShard): void {
    const stored = local.stored(key);
    if (!(stored instanceof Promise)) return this.#value(id, stored);
    const bytes = key.length;
    this.#waitsFor(bytes);
    stored.then(
      (found) => {
        this.#settled(bytes);
        this.#value(id, found);
      },
      (error: unknown) => {
        this.#settled(bytes);
        this.#error(id, 'get', error, shard);
      },
    );
  }

  #value(id: number, stored: StoredValue | undefined): void {
    this.#got(id, stored?.value, stored?.version ?? 0);
  }

  /** `value`: undefined if the key does not exist. */
  #got(id: number, value: Uint8Array | undefined, version: number): void {
    this.#context.counts.get.succeeded++;
    if (this.#spans !== undefined) this.#endSpan(id);
    if (value === undefined) this.results.notFound(id);
    else {
      this.#output.makeRoom(value.length);
      this.results.found(id, value, version);
    }
    this.#output.added();
  }

  written(id: number, bytes: number, version: number): void {
    this.#settled(bytes);
    this.#context.counts.put.succeeded++;
    if (this.#spans !== undefined) this.#endSpan(id);
    this.results.put(id, version);
    this.#output.added();
  }

  deleted(id: number, bytes: number, version: number): void {
    this.#settled(bytes);
    this.#context.counts.delete.succeeded++;
    if (this.#spans !== undefined) this.#endSpan(id);
    this.results.delete(id, version);
    this.#output.added();
  }

  readable({ id, bytes, key, shard, local }: OrderedGet): void {
    this.#settled(bytes);
    this.#read(id, key, shard, local);
  }

  readFrom(get: OrderedGet, entry: LogEntry): void {
    if (this.#output.mayWrite()) this.#answerFrom(get, entry);
    else this.#unread.push([get, entry]);
  }

  #answerFrom({ id, bytes }: OrderedGet, { value, seq }: LogEntry): void {
    this.#settled(bytes);
    this.#got(id, value, seq);
  }

  failed({ id, kind, bytes, shard }: PipelinedOperation, error: unknown): void {
    this.#settled(bytes);
    this.#error(id, kind, error, shard);
  }

  sampled(kind: DataRequest['kind'], receivedMs: number): void {
    this.#context.counts[kind].took(performance.now() - receivedMs);
  }

  #error(id: number, kind: DataRequest['kind'] | undefined, error: unknown, shard: number): void {
    const told = this.#context.explain(error, shard);
    if (kind !== undefined) this.#context.counts[kind].failed(told.code);
    if (this.#spans !== undefined) this.#endSpan(id, told.code);
    this.results.error(id, told);
    this.#output.added();
  }

  #beginSpan({ id, kind, traceParent }: OperationReader): void {
    const { tracing, nodeId } = this.#context;
    if (tracing === undefined || kind === undefined) return;
    this.#spans ??= new Map();
    const headers = traceHeadersOf(traceParent, undefined);
    this.#spans.set(id, tracing.startOfNode(kind, headers, { 'kvnode.node': nodeId }));
  }

  #endSpan(id: number, code?: ErrorCode): void {
    const span = this.#spans?.get(id);
    if (span === undefined) return;
    this.#spans?.delete(id);
    if (code === undefined) span.succeeded();
    else span.failed(code);
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
