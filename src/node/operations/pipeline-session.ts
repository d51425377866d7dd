/**
 * One stream of kv.v1.KeyValue/Pipeline: operations in, results out, both in batches.
 *
 * Results leave at the end of the turn in which they came about. The stream is read no further while too much of it is
 * unanswered or its client does not take its results, and a long batch is worked off in slices, so that beacons get through.
 */
import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { toStatus } from '../../wire/contract/status.js';
import { OperationReader } from '../../wire/pipeline/pipeline-operations.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { type PipelineContext, PipelineExecutor } from './pipeline-answers.js';

export type PipelineCall = ServerDuplexStream<Buffer, Buffer>;

export interface PipelineObserver {
  onMessage(nowMs: number): void;
  /** Nothing of the session is to be expected any more, except operations that wait. */
  onOver(session: PipelineSession): void;
}

interface Message {
  readonly operations: OperationReader;
  readonly receivedMs: number;
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
/** Results leave before a message of them grows beyond this; one may be larger, and leaves alone. */
const maxMessageBytes = 256 * 1024;

export class PipelineSession {
  readonly #call: PipelineCall;
  readonly #context: PipelineContext;
  readonly #observer: PipelineObserver;
  readonly #executor: PipelineExecutor;
  /** Messages that have come and are not worked off, oldest first. */
  readonly #messages: Message[] = [];
  #flushScheduled = false;
  #sliceScheduled = false;
  #mayWrite = true;
  #paused = false;
  #inputEnded = false;
  #over = false;

  constructor(call: PipelineCall, context: PipelineContext, observer: PipelineObserver) {
    this.#call = call;
    this.#context = context;
    this.#observer = observer;
    this.#executor = new PipelineExecutor(context, {
      mayWrite: () => this.#mayWrite,
      makeRoom: (bytes) => this.#executor.results.bytes + bytes > maxMessageBytes && this.#flush(),
      added: () => this.#scheduleFlush(),
    });
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
    const receivedMs = performance.now();
    this.#observer.onMessage(receivedMs);
    this.#messages.push({ operations: new OperationReader(message), receivedMs });
    this.#work();
  }

  /** Goes on with what has come, unless a later turn is going to, or the client has to read first. */
  #work(): void {
    if (this.#sliceScheduled || this.#over) return;
    try {
      this.#workOff();
    } catch (error) {
      // Whatever an operation meets is told in its result: only the bytes themselves can be wrong.
      const reason = `a message that is no PipelineRequest: ${(error as Error).message}`;
      return this.#fail(
        // What came before on this stream may well have been executed.
        error instanceof MalformedMessage
          ? new KvError('INVALID_ARGUMENT', reason, { executed: 'unknown' })
          : this.#context.explain(error, 0),
      );
    }
    this.#executor.visits.flush();
    this.#regulate();
    this.#endIfDone();
  }

  #workOff(): void {
    this.#executor.visits.begin(performance.now());
    this.#executor.readOn();
    let left = sliceOperations;
    for (let message = this.#messages[0]; message !== undefined; message = this.#messages[0]) {
      const { operations, receivedMs } = message;
      this.#executor.beginMessage(receivedMs);
      for (; left > 0 && this.#mayWrite && operations.next(); left--) this.#executor.execute(operations);
      this.#executor.endMessage();
      if (!this.#mayWrite) return;
      if (left === 0) return this.#goOnLater();
      this.#messages.shift();
    }
  }

  #goOnLater(): void {
    this.#sliceScheduled = true;
    setImmediate(() => {
      this.#sliceScheduled = false;
      this.#work();
    });
  }

  #scheduleFlush(): void {
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
    const { results } = this.#executor;
    if (results.bytes === 0 || this.#over) return;
    this.#mayWrite = this.#call.write(results.take()) && this.#mayWrite;
  }

  #drained(): void {
    this.#mayWrite = true;
    this.#work();
  }

  #regulate(): void {
    const { unanswered, unansweredBytes } = this.#executor;
    const tooMuch = unanswered > maxUnanswered || unansweredBytes > maxUnansweredBytes;
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
    if (!this.#inputEnded || this.#over || this.#executor.unanswered > 0 || this.#messages.length > 0 || this.#flushScheduled)
      return;
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
    this.#observer.onOver(this);
  }
}
