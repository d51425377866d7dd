/** The command line of `npm run bench:goals`. */
import yargs from 'yargs';
import { throwUsageError } from '../../src/cli/usage-error.js';
import { fileOf, namesOf, numberOf } from '../option-values.js';

export interface GoalsCommandLine {
  /** The names of the goals. Empty: all goals. */
  readonly only: readonly string[];
  readonly rounds: number;
  readonly measureMs: number;
  readonly kills: number;
  readonly jsonFile: string | undefined;
}

const maxRounds = 1_000;
const maxSeconds = 3_600;
const maxKills = 10_000;
const defaults = { rounds: '3', seconds: '5', kills: '20' } as const;

/** Prints and ends the process for --help. @throws KvError INVALID_OPTION naming the option and the value. */
export async function parseGoalsCommandLine(args: readonly string[], known: readonly string[]): Promise<GoalsCommandLine> {
  const text = { type: 'string', requiresArg: true } as const;
  const given: Record<string, unknown> = await yargs([...args])
    .scriptName('npm run bench:goals --')
    .usage('$0 [options]\n\nMeasures on this machine whether kvnode reaches its goals for speed.')
    .parserConfiguration({ 'parse-numbers': false, 'camel-case-expansion': false, 'duplicate-arguments-array': false })
    .options({
      only: { ...text, describe: `Goals, separated by commas: ${known.join(', ')}` },
      seconds: { ...text, describe: 'Seconds for which each side is measured in a round', defaultDescription: defaults.seconds },
      rounds: {
        ...text,
        describe: 'Number of rounds, in which the sides are measured in turn',
        defaultDescription: defaults.rounds,
      },
      kills: { ...text, describe: 'Number of kills or stops of a node, for failovers', defaultDescription: defaults.kills },
      json: { ...text, describe: 'File for every figure' },
    })
    .strict()
    .version(false)
    .fail(throwUsageError)
    .parseAsync();
  return {
    only: namesOf('only', given.only, known),
    rounds: numberOf('rounds', given.rounds ?? defaults.rounds, maxRounds, Number.isInteger),
    measureMs: 1_000 * numberOf('seconds', given.seconds ?? defaults.seconds, maxSeconds, Number.isFinite),
    kills: numberOf('kills', given.kills ?? defaults.kills, maxKills, Number.isInteger),
    jsonFile: fileOf('json', given.json),
  };
}
