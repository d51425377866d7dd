/** SIGINT, SIGTERM and SIGHUP as an AbortSignal, so that whatever was started is stopped before the process ends. */
import { constants } from 'node:os';
import { InterruptedError } from './steps.js';

/** A second signal ends the process at once; its children end with it. */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const exitCode = 128 + constants.signals[signal];
      if (controller.signal.aborted) process.exit(exitCode);
      controller.abort(new InterruptedError(signal, exitCode));
    });
  }
  return controller.signal;
}
