/**
 * Sends operations to one node over one stream of kv.v1.KeyValue/Pipeline, whatever carries the stream. Operations that are issued
 * in one turn of the event loop travel in one message. That includes operations that callers issue on the results of this turn. An
 * attempt costs an object and a place in a list, and no promise or timer.
 *
 * The stream is opened when an operation is to be sent and there is no stream. If it breaks, operations that were sent have an
 * unknown outcome, and the others were not executed. Like every transport it makes one attempt and retries nothing.
 */
import { KvError } from '../../errors.js';
import type { FrameStream, OpeningListener } from '../../transport/index.js';
import { type DataRequest, OperationWriter, type RequestIdentity, sizeOf } from '../../wire/pipeline/pipeline-operations.js';
import { type DataResult, ResultReader } from '../../wire/pipeline/pipeline-results.js';
import type { Limits } from '../call-limits.js';
import { DeadlineSweep } from '../retry/deadline-sweep.js';
import { type ClusterNaming, noCluster } from '../routing/cluster-identity.js';

/** Receives the outcome of an attempt, once. */
export interface Reply {
  answered(result: DataResult): void;
  failed(error: KvError): void;
}

/** `over`: its reply has been given. The node may still answer, and the id of the operation is free only after that. */
interface Attempt {
  readonly request: DataRequest;
  readonly identity: RequestIdentity | undefined;
  readonly limits: Limits;
  readonly reply: Reply;
  sent: boolean;
  over: boolean;
  abort: (() => void) | undefined;
}

export interface OpenedPipeline {
  readonly stream: FrameStream;
  /** False: send nothing before `onAccepted`. */
  readonly mayWrite: boolean;
}

/** Opens the stream, which names the cluster once, for all its operations. */
export type OpenPipeline = (listener: OpeningListener) => OpenedPipeline;

/** A message is sent before it grows beyond this size; a larger operation travels alone. */
const maxBatchBytes = 256 * 1024;

export class PipelineTransport {
  readonly #openPipeline: OpenPipeline;
  readonly #cluster: ClusterNaming;
  readonly #writer = new OperationWriter();
  #stream: FrameStream | undefined;
  #mayWrite = true;
  #flushScheduled = false;
  /** Attempts that were not passed to the stream yet, oldest first. */
  #unsent: Attempt[] = [];
  /** The approximate number of unsent attempts that are over. */
  #unsentOver = 0;
  /** Attempts that were sent and not answered; the index is the id of the operation on the stream. */
  #sent: (Attempt | undefined)[] = [];
  #freeIds: number[] = [];
  #pending = 0;
  readonly #sweep = new DeadlineSweep((nowMs) => this.#expire(nowMs));

  constructor(openPipeline: OpenPipeline, cluster: ClusterNaming = noCluster) {
    this.#openPipeline = openPipeline;
    this.#cluster = cluster;
  }

  /** The number of attempts without a reply. */
  get pending(): number {
    return this.#pending;
  }

  /** @param identity of a write; it is read when the attempt is sent */
  send(request: DataRequest, limits: Limits, reply: Reply, identity?: RequestIdentity): void {
    const attempt: Attempt = { request, identity, limits, reply, sent: false, over: false, abort: undefined };
    this.#pending++;
    this.#unsent.push(attempt);
    this.#sweep.watch(limits.deadlineAtMs);
    if (limits.signal !== undefined) this.#watchSignal(attempt, limits.signal);
    if (this.#flushScheduled || !this.#mayWrite) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.#sendWaiting();
    });
  }

  execute(request: DataRequest, limits: Limits, identity?: RequestIdentity): Promise<DataResult> {
    return new Promise((answered, failed) => this.send(request, limits, { answered, failed }, identity));
  }

  abandonPending(concerns: (key: string) => boolean, afterMs: number, reason: string): void {
    const pending = [...this.#attempts()].filter(({ request }) => concerns(request.key));
    if (pending.length === 0) return;
    const timer = setTimeout(() => {
      for (const attempt of pending) this.#fail(attempt, unknownOutcome(reason));
    }, afterMs);
    timer.unref();
  }

  close(reason: string): void {
    const pending = [...this.#attempts()];
    this.#leaveStream();
    for (const attempt of pending) this.#fail(attempt, attempt.sent ? unknownOutcome(reason) : neverSent(reason));
    this.#sweep.stop();
  }

  #sendWaiting(): void {
    if (this.#unsent.length === 0 || !this.#mayWrite) return;
    this.#stream ??= this.#open();
    const batch = this.#unsent;
    let next = 0;
    for (; next < batch.length && this.#mayWrite; next++) {
      const attempt = batch[next]!;
      if (attempt.over) continue;
      if (this.#writer.bytes > 0 && this.#writer.bytes + sizeOf(attempt.request) > maxBatchBytes) {
        this.#write();
        if (!this.#mayWrite) break;
      }
      const id = this.#freeIds.pop() ?? this.#sent.length;
      this.#sent[id] = attempt;
      attempt.sent = true;
      this.#writer.add(id, attempt.request, attempt.identity);
    }
    this.#unsent = next === batch.length ? [] : batch.slice(next);
    this.#unsentOver = 0;
    if (this.#writer.bytes > 0) this.#write();
  }

  #write(): void {
    this.#mayWrite = this.#stream!.send(this.#writer.take()) && this.#mayWrite;
  }

  #open(): FrameStream {
    const isCurrent = (): boolean => stream === this.#stream;
    const { stream, mayWrite }: OpenedPipeline = this.#openPipeline({
      onAccepted: () => isCurrent() && !this.#mayWrite && this.#drained(),
      onFrame: (message) => isCurrent() && this.#received(message),
      onDrain: () => isCurrent() && this.#drained(),
      onEnd() {},
      onClosed: (error) => isCurrent() && this.#broke(error ?? unknownOutcome('the node ended the stream')),
    });
    this.#mayWrite = mayWrite;
    return stream;
  }

  #drained(): void {
    this.#mayWrite = true;
    this.#sendWaiting();
  }

  #received(message: Buffer): void {
    try {
      const results = new ResultReader(message);
      while (results.next()) this.#settle(results);
    } catch (error) {
      this.#broke(new KvError('OUTCOME_UNKNOWN', 'the node sent what is no answer', { cause: error }));
    }
  }

  #settle({ id, error, result }: ResultReader): void {
    const attempt = this.#sent[id];
    if (attempt === undefined) return;
    this.#sent[id] = undefined;
    this.#freeIds.push(id);
    if (attempt.over) return;
    this.#conclude(attempt);
    if (result !== undefined && error === undefined) attempt.reply.answered(result);
    else attempt.reply.failed(error ?? new KvError('OUTCOME_UNKNOWN', 'an answer without a result'));
  }

  #broke(error: KvError): void {
    // This comes before the operations look for another node.
    if (error.code === 'WRONG_CLUSTER') this.#cluster.wasRefused(error);
    const pending = [...this.#attempts()];
    this.#leaveStream();
    for (const attempt of pending) this.#fail(attempt, attempt.sent ? error : neverSent('the stream broke'));
  }

  /** Abandons the stream: the next operation opens another, and answers on this one are ignored. */
  #leaveStream(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
    this.#mayWrite = true;
    this.#unsent = [];
    this.#unsentOver = 0;
    this.#sent = [];
    this.#freeIds = [];
  }

  *#attempts(): Iterable<Attempt> {
    for (const attempt of this.#sent) if (attempt !== undefined && !attempt.over) yield attempt;
    for (const attempt of this.#unsent) if (!attempt.over) yield attempt;
  }

  /** @returns the earliest deadline of the attempts that go on. */
  #expire(nowMs: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const attempt of [...this.#attempts()]) {
      const { deadlineAtMs } = attempt.limits;
      if (deadlineAtMs > nowMs) earliest = Math.min(earliest, deadlineAtMs);
      else this.#fail(attempt, new KvError('DEADLINE_EXCEEDED', 'no answer came before the deadline', definiteIf(!attempt.sent)));
    }
    return earliest;
  }

  #watchSignal(attempt: Attempt, signal: AbortSignal): void {
    attempt.abort = () =>
      this.#fail(attempt, new KvError('CANCELLED', 'given up before an answer came', definiteIf(!attempt.sent)));
    signal.addEventListener('abort', attempt.abort);
  }

  #fail(attempt: Attempt, error: KvError): void {
    if (attempt.over) return;
    this.#conclude(attempt);
    if (!attempt.sent) this.#forgetUnsent();
    attempt.reply.failed(error);
  }

  /** Attempts that are over must not pile up while the stream is blocked: they no longer count as in flight. */
  #forgetUnsent(): void {
    this.#unsentOver += 1;
    if (2 * this.#unsentOver < this.#unsent.length) return;
    this.#unsent = this.#unsent.filter(({ over }) => !over);
    this.#unsentOver = 0;
  }

  #conclude(attempt: Attempt): void {
    attempt.over = true;
    this.#pending--;
    if (attempt.abort !== undefined) attempt.limits.signal?.removeEventListener('abort', attempt.abort);
  }
}

function definiteIf(certain: boolean) {
  return certain ? ({ executed: 'no' } as const) : {};
}

function unknownOutcome(reason: string): KvError {
  return new KvError('OUTCOME_UNKNOWN', `${reason} before an answer came`);
}

function neverSent(reason: string): KvError {
  return new KvError('UNREACHABLE', `${reason} before the operation was sent`);
}
