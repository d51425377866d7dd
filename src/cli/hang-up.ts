/**
 * SIGHUP for programs that run until they are done, as a dump or a benchmark does. `nohup` makes a process ignore the signal,
 * but Node.js resets that at its start, so nohup alone protects no program that runs on Node.js.
 */
import { isatty } from 'node:tty';

/** Asked before the signal comes: afterwards the terminal may be gone. `nohup` and service managers leave a process no terminal: then a terminal that closes is not its own. */
export function hasTerminal(): boolean {
  return [0, 1, 2].some((fd) => isatty(fd));
}

/** With a terminal the signal ends the process, as by default. Without one it is ignored. */
export function surviveHangUp(): void {
  if (!hasTerminal()) process.on('SIGHUP', () => {});
}
