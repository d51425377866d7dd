/**
 * One stream of kv.v1.KeyValue/Pipeline, over gRPC or frames: batches of operations come in, batches of results go out.
 *
 * Results leave at the end of the turn in which they became known. The node stops reading a stream while too many of its
 * operations are unanswered or while its client takes no results. It works on a long batch in slices, so that beacons get through.
 */
import type { Logger } from 'pino';
import { KvError } from '../../errors.js';
import type { FrameListener, FrameStream, TurnEnd } from '../../transport/index.js';
import { IdentityReader } from '../../wire/pipeline/identity-reader.js';
import { OperationReader } from '../../wire/pipeline/pipeline-operations.js';
import { KnownTexts } from '../../wire/protobuf/known-texts.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import type { OperationExecutor } from './operation-executor.js';
import { PipelineAnswers } from './pipeline-answers.js';

/** Accepts the stream on either transport. */
export type AcceptStream = (listener: FrameListener) => FrameStream;

export interface PipelineSessionParts {
  readonly executor: OperationExecutor;
  readonly turn: TurnEnd;
  readonly logger: Logger;
  onMessage(nowMs: number): void;
  /** One more operation of the stream waits for its answer, or one fewer. */
  onWaiting(change: 1 | -1): void;
  /** The stream has ended. Operations of it may still wait. */
  onOver(session: PipelineSession): void;
}

interface Message {
  readonly operations: OperationReader;
  readonly receivedMs: number;
}

/** Limits what one stream can make the node hold: beyond either bound the node reads the stream no further. */
const maxUnanswered = 8_192;
const maxWaitingBytes = 16 * 1024 * 1024;
/**
 * Operations in one slice, about a millisecond of work, after which other events of the node are handled. With a whole long
 * batch in one slice, client, primary and backups would wait for each other in a circle: 85,000 puts/s instead of 165,000 at
 * 1,024 in flight. Slices of 128 and 64 are slower again, because then the messages cost more than the waiting.
 */
const sliceOperations = 256;
/** Time between two samples of durations of one stream. Every message as a sample would cost a tenth as much as its operations. */
const sampleMs = 10;
/** Results leave before their message grows beyond this; a larger result leaves alone. */
const maxMessageBytes = 256 * 1024;

export class PipelineSession {
  readonly #stream: FrameStream;
  readonly #parts: PipelineSessionParts;
  readonly #executor: OperationExecutor;
  readonly #answers: PipelineAnswers;
  /** Messages that the session has not worked through, oldest first. */
  readonly #messages: Message[] = [];
  /** Ids of clients and histories that came. */
  readonly #texts = new KnownTexts();
  readonly #identity = new IdentityReader(this.#texts);
  #sampledMs = Number.NEGATIVE_INFINITY;
  #flushScheduled = false;
  #sliceScheduled = false;
  #mayWrite = true;
  #paused = false;
  #inputEnded = false;
  #over = false;

  constructor(accept: AcceptStream, parts: PipelineSessionParts) {
    const { executor, onWaiting } = parts;
    this.#parts = parts;
    this.#executor = executor;
    const output = {
      mayWrite: () => this.#mayWrite,
      makeRoom: (bytes: number) => this.#answers.results.bytes + bytes > maxMessageBytes && this.#flush(),
      added: () => this.#scheduleFlush(),
    };
    this.#answers = new PipelineAnswers(executor.nodeId, executor.apis.pipeline, output, onWaiting);
    this.#stream = accept({
      onFrame: (message) => this.#received(message),
      onDrain: () => this.#drained(),
      onEnd: () => this.#ended(),
      onClosed: () => this.#gone(),
    });
  }

  /** Ends the stream; operations without a result get none. */
  close(): void {
    this.#flush();
    this.#gone();
    this.#stream.end();
  }

  #received(message: Buffer): void {
    if (this.#over) return;
    const receivedMs = performance.now();
    this.#parts.onMessage(receivedMs);
    this.#messages.push({ operations: new OperationReader(message, this.#texts, this.#identity), receivedMs });
    this.#work();
  }

  /** Works on the messages, unless a later turn will or the client has to take results first. */
  #work(): void {
    if (this.#sliceScheduled || this.#over) return;
    try {
      this.#workThroughSlice();
    } catch (error) {
      return this.#fail(this.#endOfStream(error));
    }
    this.#regulate();
    this.#endIfDone();
  }

  #workThroughSlice(): void {
    this.#executor.beginSlice(performance.now());
    this.#answers.readOn();
    let left = sliceOperations;
    for (let message = this.#messages[0]; message !== undefined; message = this.#messages[0]) {
      left = this.#execute(message, left);
      if (!this.#mayWrite) return;
      if (left === 0) return this.#goOnLater();
      this.#messages.shift();
    }
  }

  /**
   * Executes at most `left` operations, and returns how many of these are left. A sample measures the duration of the first put, and
   * of the last get that is answered at once, which has waited for all before it: more clock readings would cost too much.
   */
  #execute({ operations, receivedMs }: Message, left: number): number {
    const answers = this.#answers;
    const executor = this.#executor;
    const isSample = receivedMs - this.#sampledMs >= sampleMs;
    if (isSample) this.#sampledMs = receivedMs;
    let measuresPut = isSample;
    answers.hasRead = false;
    for (; left > 0 && this.#mayWrite && operations.next(); left--) {
      const isMeasured = measuresPut && operations.kind === 'put';
      if (isMeasured) measuresPut = false;
      executor.execute(operations, answers, isMeasured ? receivedMs : undefined);
    }
    if (isSample && answers.hasRead) executor.took(answers.api, 'get', receivedMs);
    return left;
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
    this.#parts.turn.send(() => {
      this.#flushScheduled = false;
      this.#flush();
      this.#regulate();
      this.#endIfDone();
    });
  }

  #flush(): void {
    const { results } = this.#answers;
    if (results.bytes === 0 || this.#over) return;
    this.#mayWrite = this.#stream.send(results.take()) && this.#mayWrite;
  }

  #drained(): void {
    this.#mayWrite = true;
    this.#work();
  }

  #regulate(): void {
    const { unanswered, waitingBytes } = this.#answers;
    const tooMuch = unanswered > maxUnanswered || waitingBytes > maxWaitingBytes;
    const pause = tooMuch || !this.#mayWrite || this.#messages.length > 0;
    if (pause === this.#paused || this.#over) return;
    this.#paused = pause;
    if (pause) this.#stream.pause();
    else this.#stream.resume();
  }

  /** The client sends no more, and gets the results of what it has sent. */
  #ended(): void {
    this.#inputEnded = true;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (!this.#inputEnded || this.#over || this.#flushScheduled) return;
    if (this.#answers.unanswered > 0 || this.#messages.length > 0) return;
    this.#gone();
    this.#stream.end();
  }

  /** An operation gets its failure as its result. What ends the stream is a message that cannot be decoded, or a fault of ours. */
  #endOfStream(error: unknown): KvError {
    if (error instanceof MalformedMessage)
      // Operations that came before on this stream may have been executed.
      return new KvError('INVALID_ARGUMENT', `a message that is no PipelineRequest: ${error.message}`, { executed: 'unknown' });
    this.#parts.logger.error({ err: error }, 'a pipeline failed unexpectedly');
    return new KvError('INTERNAL', 'internal error; the log of the node has the details');
  }

  #fail(error: KvError): void {
    this.#flush();
    this.#gone();
    this.#stream.fail(error);
  }

  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    this.#messages.length = 0;
    this.#parts.onOver(this);
  }
}
