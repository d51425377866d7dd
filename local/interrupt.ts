/** SIGINT, SIGTERM and SIGHUP as an AbortSignal, so that whatever was started is stopped before the process ends. */
import { constants } from 'node:os';
import { hasTerminal } from '../src/cli/hang-up.js';
import { closeLostTerminals } from '../src/cli/lost-terminal.js';
import { InterruptedError } from './steps.js';

/** A second signal ends the process at once; its children end with it. Without a terminal, as under nohup, SIGHUP is ignored. */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  const hadTerminal = hasTerminal();
  const interrupt = (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void => {
    const exitCode = 128 + constants.signals[signal];
    if (controller.signal.aborted) process.exit(exitCode);
    controller.abort(new InterruptedError(signal, exitCode));
  };
  process.once('exit', closeLostTerminals);
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  process.on('SIGHUP', () => {
    if (!hadTerminal) return;
    // The terminal is gone: what is printed from now on has no reader, and that must not keep the nodes from being stopped.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    interrupt('SIGHUP');
  });
  return controller.signal;
}
