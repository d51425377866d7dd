/**
 * Handles the signals of a node. The handlers are installed before the rest of the node is loaded.
 *
 * Without a handler, PID 1 of a container never receives a signal, and any other process is ended by it. So the
 * handlers come first, and this file imports nothing that takes time to load. Only the start of Node.js itself
 * remains.
 */
import { constants } from 'node:os';

/**
 * SIGTERM and SIGINT stop a node: for good if its data ends with it. SIGUSR2 stops a node before a restart, and SIGQUIT a node that
 * leaves for good. Node.js itself uses SIGUSR1.
 */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGUSR2' | 'SIGQUIT';

export interface SignalListener {
  /** The first signal: the orderly stop begins. */
  stop(signal: StopSignal): void;
  /** A second SIGTERM or SIGINT: the process ends at once, with this exit code. */
  end(exitCode: number): void;
  /** SIGHUP, which is ignored. */
  hungUp(): void;
}

const signals: readonly StopSignal[] = ['SIGTERM', 'SIGINT', 'SIGUSR2', 'SIGQUIT'];
/** A second one of these ends the process at once. */
const impatient: ReadonlySet<StopSignal> = new Set(['SIGTERM', 'SIGINT']);
/** The exit code of a node that a signal stopped before it had anything to hand over. */
const stoppedEarly = 0;

export class StopSignals {
  #listener: SignalListener | undefined;
  #isStopping = false;

  constructor() {
    for (const signal of signals) process.on(signal, () => this.#received(signal));
    // nohup makes a process ignore SIGHUP, but Node.js resets that at its start.
    process.on('SIGHUP', () => this.#listener?.hungUp());
  }

  /** Until this is called a signal ends the process at once, since there is nothing to stop. */
  attend(listener: SignalListener): void {
    this.#listener = listener;
  }

  #received(signal: StopSignal): void {
    if (this.#listener === undefined) process.exit(stoppedEarly);
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#listener.stop(signal);
    } else if (impatient.has(signal)) this.#listener.end(128 + constants.signals[signal]);
  }
}
