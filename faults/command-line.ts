/** The command line of `npm run faults`. */
import yargs from 'yargs';
import { throwUsageError } from '../src/cli/usage-error.js';
import { KvError } from '../src/errors.js';
import type { Profile } from './profiles/profile.js';
import { profilesNamed } from './profiles/profiles.js';

export interface FaultsCommandLine {
  readonly profiles: readonly Profile[];
  readonly minutes: number | undefined;
  readonly seed: number;
  readonly json: boolean;
  readonly keep: boolean;
  readonly list: boolean;
}

export const faultsExitCodes = { passed: 0, found: 1, usage: 2, failed: 3 } as const;

const maxMinutes = 24 * 60;
const maxSeed = 2 ** 32 - 1;

const epilogue = `Starts its own ZooKeeper, nodes and clients as processes. At its end, even by a signal, it removes what it made.
As root, with ip and iptables, each process runs in a network namespace of its own. Otherwise only ZooKeeper can be cut off.

Exit codes: 0 every check passed; 1 a check failed, and its history and logs were kept; 2 the command line is wrong;
3 the run itself failed.`;

/** Prints and ends the process for --help. @throws KvError INVALID_OPTION naming the option and the value. */
export async function parseFaultsCommandLine(args: readonly string[]): Promise<FaultsCommandLine> {
  const given: Record<string, unknown> = await yargs([...args])
    .scriptName('npm run faults --')
    .usage('$0 [options]\n\nInjects faults into real processes under load, and checks every answer that clients received.')
    .parserConfiguration({ 'parse-numbers': false, 'boolean-negation': false, 'camel-case-expansion': false })
    .options({
      profile: {
        type: 'string',
        requiresArg: true,
        describe: 'A name of --list, the common prefix of several, or all',
        defaultDescription: 'all',
      },
      minutes: {
        type: 'string',
        requiresArg: true,
        describe: 'Minutes of load for each profile',
        defaultDescription: 'see --list',
      },
      seed: { type: 'string', requiresArg: true, describe: 'Seed of the schedule and the load', defaultDescription: 'random' },
      list: { type: 'boolean', describe: 'List the profiles' },
      keep: { type: 'boolean', describe: 'Keep history and logs of every episode, also if no check failed' },
      json: { type: 'boolean', describe: 'Print one JSON object instead of tables; progress goes to stderr in any case' },
    })
    .strict()
    .epilogue(epilogue)
    .version(false)
    .wrap(Math.min(120, process.stdout.columns ?? 120))
    .fail(throwUsageError)
    .parseAsync();
  const name = String(given.profile ?? 'all');
  const profiles = profilesNamed(name);
  if (profiles.length === 0) throw new KvError('INVALID_OPTION', `--profile: there is no "${name}"; see --list`);
  return {
    profiles,
    minutes: given.minutes === undefined ? undefined : numberOf('minutes', given.minutes, 0.1, maxMinutes),
    seed: given.seed === undefined ? Date.now() % maxSeed : Math.floor(numberOf('seed', given.seed, 0, maxSeed)),
    json: given.json === true,
    keep: given.keep === true,
    list: given.list === true,
  };
}

function numberOf(name: string, typed: unknown, lowest: number, highest: number): number {
  const value = /^\d+(\.\d+)?$/.test(String(typed)) ? Number(typed) : Number.NaN;
  if (value >= lowest && value <= highest) return value;
  throw new KvError('INVALID_OPTION', `--${name}: "${typed}" must be a number from ${lowest} to ${highest}`);
}
