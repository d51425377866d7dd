/**
 * SIGHUP for programs that run until they are done, as a dump or a benchmark does. `nohup` makes a process ignore the
 * signal, but Node.js resets that at its start, so nohup alone protects no program that runs on Node.js.
 */
import { isatty } from 'node:tty';

/**
 * Whether the process has a terminal. Call this before the signal arrives, since the terminal may be gone afterwards.
 * Under `nohup` or a service manager a process has none.
 */
export function hasTerminal(): boolean {
  return [0, 1, 2].some((fd) => isatty(fd));
}

/** With a terminal SIGHUP ends the process, as by default. Without a terminal the process ignores it. */
export function surviveHangUp(): void {
  if (!hasTerminal()) process.on('SIGHUP', () => {});
}
