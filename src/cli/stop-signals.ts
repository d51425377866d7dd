/**
 * The signals that a node answers, from before anything else of it is loaded.
 *
 * A process that is PID 1 of a container never receives a signal for which it has no handler, and any other process ends by it.
 * So the handlers come first, and this file imports nothing that takes time to load. What remains is the start of Node.js itself.
 */
import { constants } from 'node:os';

/** SIGTERM and SIGINT stop a node for good. SIGUSR2 stops a node that is to be started again. SIGUSR1 is Node's own. */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGUSR2';

export interface SignalListener {
  /** The first signal: the orderly stop begins. */
  stop(signal: StopSignal): void;
  /** A second SIGTERM or SIGINT: the process ends at once, with this exit code. */
  end(exitCode: number): void;
  /** SIGHUP, which is ignored. */
  hungUp(): void;
}

const signals: readonly StopSignal[] = ['SIGTERM', 'SIGINT', 'SIGUSR2'];
/** Stopped as told, before there was anything to hand over. */
const stoppedEarly = 0;

export class StopSignals {
  #listener: SignalListener | undefined;
  #isStopping = false;

  constructor() {
    for (const signal of signals) process.on(signal, () => this.#received(signal));
    // Node.js resets the signals that nohup has told a process to ignore.
    process.on('SIGHUP', () => this.#listener?.hungUp());
  }

  /** Until this is called there is nothing to stop in order: a signal ends the process. */
  attend(listener: SignalListener): void {
    this.#listener = listener;
  }

  #received(signal: StopSignal): void {
    if (this.#listener === undefined) process.exit(stoppedEarly);
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#listener.stop(signal);
    } else if (signal !== 'SIGUSR2') this.#listener.end(128 + constants.signals[signal]);
  }
}
