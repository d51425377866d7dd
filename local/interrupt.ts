/**
 * Turns SIGINT, SIGTERM and SIGHUP into an AbortSignal, so that all started processes are stopped before this one
 * ends.
 */
import { constants } from 'node:os';
import { hasTerminal } from '../src/cli/hang-up.js';
import { closeLostTerminals } from '../src/cli/lost-terminal.js';
import { InterruptedError } from './steps.js';

/**
 * A second signal ends the process at once; its children end with it. Without a terminal, as under nohup, SIGHUP is
 * ignored.
 */
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
    // The terminal is gone, so later output fails. That must not prevent the stop of the nodes.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    interrupt('SIGHUP');
  });
  return controller.signal;
}
