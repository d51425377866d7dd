/** Answers `--version` before a program is loaded, which takes some tenths of a second. It is part of the entry of each program. */
import { packageVersion } from '../version.js';

/** Prints the version and ends the process if `--version` is the only argument. */
export function answerVersion(): void {
  const [first, ...others] = process.argv.slice(2);
  if (first !== '--version' || others.length > 0) return;
  process.stdout.write(`${packageVersion()}\n`);
  process.exit(0);
}
