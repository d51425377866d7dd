/** The command line of `npm run bench:soak`. */
import { cpus } from 'node:os';
import yargs from 'yargs';
import { throwUsageError } from '../../src/cli/usage-error.js';
import { type ProfileName, profileNames } from '../goals/timing-profiles.js';
import { namesOf, numberOf } from '../option-values.js';

export interface SoakCommandLine {
  readonly minutes: number;
  readonly profile: ProfileName;
  readonly threads: number;
  readonly inFlight: number;
}

const maxMinutes = 7 * 24 * 60;
const maxThreads = 256;
const maxInFlight = 100_000;
/** One thread and three nodes keep two cores busy. */
const defaults = { minutes: '60', threads: String(Math.max(1, Math.floor(cpus().length / 2))), 'in-flight': '1024' } as const;

/** Prints and ends the process for --help. @throws KvError INVALID_OPTION naming the option and the value. */
export async function parseSoakCommandLine(args: readonly string[]): Promise<SoakCommandLine> {
  const text = { type: 'string', requiresArg: true } as const;
  const given: Record<string, unknown> = await yargs([...args])
    .scriptName('npm run bench:soak --')
    .usage('$0 [options]\n\nFull load on three nodes. The exit code is 1 if a node was replaced or taken out, or a call failed.')
    .parserConfiguration({ 'parse-numbers': false, 'camel-case-expansion': false, 'duplicate-arguments-array': false })
    .options({
      minutes: { ...text, describe: 'How long', defaultDescription: defaults.minutes },
      profile: { ...text, describe: `Timings of the nodes: ${profileNames.join(', ')}`, defaultDescription: 'fast' },
      threads: { ...text, describe: 'Threads of kvbench, each with a client', defaultDescription: defaults.threads },
      'in-flight': { ...text, describe: 'Operations in flight per thread', defaultDescription: defaults['in-flight'] },
    })
    .strict()
    .version(false)
    .fail(throwUsageError)
    .parseAsync();
  const [profile = 'fast'] = namesOf<ProfileName>('profile', given.profile, profileNames);
  return {
    minutes: numberOf('minutes', given.minutes ?? defaults.minutes, maxMinutes, Number.isFinite),
    profile,
    threads: numberOf('threads', given.threads ?? defaults.threads, maxThreads, Number.isInteger),
    inFlight: numberOf('in-flight', given['in-flight'] ?? defaults['in-flight'], maxInFlight, Number.isInteger),
  };
}
