/** Parses the usual command lines of kvnode without yargs, as `plain-command-line.ts` does for kvctl. A test compares the two parsers. */
import { flagOf, type OptionName, optionNames, optionSpecs } from '../config/index.js';

const nameOf = new Map<string, OptionName>(optionNames.map((name) => [flagOf(name), name]));

/** Each option once by its own name, as `--name VALUE`, `--name=VALUE` or `--name`. @returns undefined if the line is anything else. */
export function parsePlainNodeCommandLine(args: readonly string[]): Partial<Record<OptionName, unknown>> | undefined {
  const given: Partial<Record<OptionName, unknown>> = {};
  for (let at = 0; at < args.length; at++) {
    const [, flag = '', inWord] = /^--([a-z0-9-]+)(?:=(.+))?$/s.exec(args[at]!) ?? [];
    const name = nameOf.get(flag);
    if (name === undefined || name in given) return undefined;
    if (optionSpecs[name].type === 'flag') {
      if (inWord !== undefined || !(args[at + 1] ?? '--').startsWith('--')) return undefined;
      given[name] = true;
      continue;
    }
    const value = inWord ?? args[++at];
    if (value === undefined || !/^[\w./:[][\w./:,[\]-]*$/.test(value) || value === 'true' || value === 'false') return undefined;
    given[name] = value;
  }
  return given;
}
