/**
 * One stream of kv.v1.KeyValue/Pipeline: operations in, results out, both in batches. This is the hot path of a node: an
 * operation costs no promise, no timer and no lock where nobody is in its way, and the clock is read once for a batch.
 *
 * Results leave at the end of the turn in which they came about. The stream is read no further while too much of it is
 * unanswered or its client does not take its results, and a long batch is worked off in slices, so that beacons get through.
 */
import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import { KvError } from '../errors.js';
import { ownCopyOf } from '../rpc/own-memory.js';
import { OperationReader } from '../rpc/pipeline-operations.js';
import { ResultWriter } from '../rpc/pipeline-results.js';
import { toStatus } from '../rpc/status.js';
import type { StoredValue } from '../storage/index.js';
import type { LocalShard } from './local-shard.js';
import { OrderedGet, PipelinedDelete, PipelinedPut, type Results } from './pipelined-operations.js';
import { checkDecodedKey, checkIfVersion, checkValue } from './request-checks.js';

export type PipelineCall = ServerDuplexStream<Buffer, Buffer>;

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
  onMessage(): void;
  /** Nothing of the session is to be expected any more, except operations that wait. */
  onOver(session: PipelineSession): void;
}

/** Operations of one stream that may be unanswered before it is read no further, and the bytes they may hold. */
const maxUnanswered = 8_192;
const maxUnansweredBytes = 16 * 1024 * 1024;
/**
 * Operations done in one turn, a millisecond of work. What a turn has written goes to the backups at its end: with all of a
 * long batch in one turn, client, primary and backups would wait for each other in a circle (85,000 puts/s instead of 165,000
 * at 1,024 in flight; 128 and 64 are slower again, as messages cost more than the waiting).
 */
const sliceOperations = 256;
/** Results are sent before a message of them grows much beyond this. */
const maxMessageBytes = 1024 * 1024;

export class PipelineSession implements Results {
  readonly #call: PipelineCall;
  readonly #context: PipelineContext;
  readonly #results: ResultWriter;
  /** Messages that have come and are not worked off, oldest first. */
  readonly #messages: OperationReader[] = [];
  #unanswered = 0;
  #unansweredBytes = 0;
  #flushScheduled = false;
  #sliceScheduled = false;
  #mayWrite = true;
  #paused = false;
  #inputEnded = false;
  #over = false;

  constructor(call: PipelineCall, context: PipelineContext) {
    this.#call = call;
    this.#context = context;
    this.#results = new ResultWriter(context.nodeId);
    // At once: it lets the client forget what it keeps for the case that the call has to be made anew.
    call.sendMetadata(new Metadata());
    call.on('data', (message: Buffer) => this.#received(message));
    call.on('drain', () => this.#drained());
    call.on('end', () => this.#ended());
    call.on('cancelled', () => this.#gone());
    call.on('error', () => this.#gone());
  }

  /** Ends the stream: what is unanswered stays so. */
  close(): void {
    this.#flush();
    this.#gone();
    this.#call.end();
  }

  #received(message: Buffer): void {
    if (this.#over) return;
    this.#context.onMessage();
    this.#messages.push(new OperationReader(message));
    if (!this.#sliceScheduled && this.#mayWrite) this.#work();
    this.#regulate();
  }

  #work(): void {
    this.#sliceScheduled = false;
    try {
      this.#workOff();
    } catch (error) {
      // Nothing but malformed bytes: whatever an operation meets is told in its result.
      return this.#fail(new KvError('INVALID_ARGUMENT', `a message that is no PipelineRequest: ${(error as Error).message}`));
    }
    this.#regulate();
    this.#endIfDone();
  }

  #workOff(): void {
    const nowMs = performance.now();
    const refusalOfRead = this.#context.local.refusalOfRead(nowMs);
    let left = sliceOperations;
    for (let message = this.#messages[0]; message !== undefined; message = this.#messages[0]) {
      for (; left > 0 && message.next(); left--) this.#begin(message, refusalOfRead, nowMs);
      if (left === 0) {
        this.#sliceScheduled = true;
        setImmediate(() => this.#over || this.#work());
        return;
      }
      this.#messages.shift();
    }
  }

  #begin(operation: OperationReader, refusalOfRead: KvError | undefined, nowMs: number): void {
    const { id } = operation;
    try {
      const refusal = this.#context.refusalOfAll();
      if (refusal !== undefined) throw refusal;
      const key = checkDecodedKey(operation.key, operation.keyBytes);
      if (operation.kind === 'get') this.#get(id, key, refusalOfRead);
      else if (operation.kind === 'put') this.#put(operation, key, nowMs);
      else if (operation.kind === 'delete') this.#delete(operation, key, nowMs);
      else throw new KvError('INVALID_ARGUMENT', 'an operation that is neither get nor put nor delete');
    } catch (error) {
      this.#error(id, error);
    }
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
    if (stored === undefined) this.#results.notFound(id);
    else this.#results.found(id, stored.value, stored.version);
    this.#scheduleFlush();
  }

  written(id: number, bytes: number, version: number): void {
    this.#settled(bytes);
    this.#results.put(id, version);
    this.#scheduleFlush();
  }

  deleted(id: number, bytes: number, version: number): void {
    this.#settled(bytes);
    this.#results.delete(id, version);
    this.#scheduleFlush();
  }

  readable(id: number, bytes: number, key: string): void {
    this.#settled(bytes);
    this.#read(id, key);
  }

  failed(id: number, bytes: number, error: unknown): void {
    this.#settled(bytes);
    this.#error(id, error);
  }

  #error(id: number, error: unknown): void {
    this.#results.error(id, this.#context.explain(error));
    this.#scheduleFlush();
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

  #scheduleFlush(): void {
    if (this.#results.bytes > maxMessageBytes) return this.#flush();
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    process.nextTick(() => {
      this.#flushScheduled = false;
      this.#flush();
      this.#regulate();
      this.#endIfDone();
    });
  }

  #flush(): void {
    if (this.#results.bytes === 0 || this.#over) return;
    this.#mayWrite = this.#call.write(this.#results.take()) && this.#mayWrite;
  }

  #drained(): void {
    this.#mayWrite = true;
    if (this.#messages.length > 0 && !this.#sliceScheduled && !this.#over) this.#work();
    this.#regulate();
  }

  #regulate(): void {
    const tooMuch = this.#unanswered > maxUnanswered || this.#unansweredBytes > maxUnansweredBytes;
    const pause = tooMuch || !this.#mayWrite || this.#messages.length > 0;
    if (pause === this.#paused || this.#over) return;
    this.#paused = pause;
    if (pause) this.#call.pause();
    else this.#call.resume();
  }

  /** The client sends no more: what it has sent is still answered. */
  #ended(): void {
    this.#inputEnded = true;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (!this.#inputEnded || this.#over || this.#unanswered > 0 || this.#messages.length > 0 || this.#flushScheduled) return;
    this.#gone();
    this.#call.end();
  }

  #fail(error: KvError): void {
    this.#flush();
    this.#gone();
    this.#call.emit('error', toStatus(error));
  }

  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    this.#messages.length = 0;
    this.#context.onOver(this);
  }
}
