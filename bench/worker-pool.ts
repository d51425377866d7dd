/** The main thread's side of the workers: starts them, exchanges messages with them, and ends them. */
import { Worker } from 'node:worker_threads';
import { KvError } from '../src/index.js';
import type { WorkloadOptions } from './options.js';
import type { FromWorker, ProgressReport, ToWorker, WorkerPlan } from './thread-messages.js';

type MessageOf<Kind extends FromWorker['kind']> = Extract<FromWorker, { kind: Kind }>;

export class WorkerPool {
  readonly #workers: Worker[];
  readonly #received: FromWorker[][];
  readonly #onProgress: (thread: number, report: ProgressReport) => void;
  #failure: KvError | undefined;
  #changed: () => void = () => {};

  constructor(
    workload: WorkloadOptions,
    run: string,
    cluster: Pick<WorkerPlan, 'nodes' | 'clusterId'>,
    onProgress: (thread: number, report: ProgressReport) => void,
  ) {
    this.#onProgress = onProgress;
    this.#received = Array.from({ length: workload.threads }, () => []);
    this.#workers = this.#received.map((_, thread) => {
      const workerData: WorkerPlan = { thread, run, ...cluster, workload };
      const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData });
      worker.on('message', (message: FromWorker) => this.#receive(thread, message));
      worker.on('error', (error) => this.#fail(new KvError('INTERNAL', `thread ${thread}: ${error.message}`, { cause: error })));
      return worker;
    });
  }

  tellAll(message: ToWorker): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  /**
   * Waits for a message of this kind from every worker, in the order of the threads. @throws KvError if a worker fails
   */
  async all<Kind extends FromWorker['kind']>(kind: Kind): Promise<MessageOf<Kind>[]> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const found = this.#received.map((messages) =>
        messages.find((message): message is MessageOf<Kind> => message.kind === kind),
      );
      if (found.every((message) => message !== undefined)) return found;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #receive(thread: number, message: FromWorker): void {
    if (message.kind === 'progress') this.#onProgress(thread, message);
    else if (message.kind === 'failed') this.#fail(new KvError('UNREACHABLE', `thread ${thread}: ${message.message}`));
    else {
      this.#received[thread]!.push(message);
      this.#changed();
    }
  }

  #fail(error: KvError): void {
    this.#failure ??= error;
    this.#changed();
  }
}
