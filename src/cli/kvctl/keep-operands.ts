/**
 * yargs takes a last word `help` for --help, whatever stands before it, so that `kvctl get help` would not read that key.
 * Pure.
 */
import type { Options } from 'yargs';

/** The same words, the last one behind `--` where it is an operand that yargs would take for a wish. */
export function keepOperands(args: readonly string[], options: Readonly<Record<string, Options>>): string[] {
  const last = args.at(-1);
  const before = args.at(-2);
  if (last !== 'help' || before === undefined || args.includes('--') || args.includes('--get-yargs-completions'))
    return [...args];
  const isItsValue = before.startsWith('--') && options[before.slice(2)]?.type === 'string';
  return isItsValue ? [...args] : [...args.slice(0, -1), '--', last];
}
