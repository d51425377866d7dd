/** The command line of `npm run bench:peers`. */
import yargs from 'yargs';
import { throwUsageError } from '../../src/cli/usage-error.js';
import { fileOf, namesOf, numberOf, refuseOption } from '../option-values.js';
import { goalNames } from './goal-rows.js';
import { type StoreName, storeNames } from './scenarios.js';
import { type Choice, type SeriesName, seriesNames } from './selection.js';

export interface PeersCommandLine {
  readonly choice: Choice;
  readonly rounds: number;
  readonly measureMs: number;
  readonly sideBySide: boolean;
  readonly list: boolean;
  readonly jsonFile: string | undefined;
  readonly reportFile: string | undefined;
}

const maxRounds = 1_000;
const maxSeconds = 3_600;

const options = {
  only: text(`Stores, separated by commas: ${storeNames.join(', ')}`),
  scenario: text('Only scenarios whose id matches this regular expression; --list shows the ids'),
  goal: text(`Only what these goals compare, separated by commas: ${goalNames.join(', ')}`),
  series: text(`Instead of the scenarios of the goals, kvnode's own series, separated by commas: ${seriesNames.join(', ')}`),
  full: { type: 'boolean', describe: 'Every combination of scenarios, and every series: hours' },
  rounds: text('Number of measurements of each trial', '3'),
  seconds: text('Seconds of each measurement, after one second to warm up', '3'),
  'side-by-side': {
    type: 'boolean',
    describe: 'Start all stores at once, and measure each scenario on them in turn: for a machine with other work',
  },
  json: text('File for every measurement, medians and ratios'),
  report: text('File for a report with charts (HTML that needs no other file)'),
  list: { type: 'boolean', describe: 'Print the trials, and end' },
} as const;

function text(describe: string, defaultDescription?: string) {
  return { type: 'string', requiresArg: true, describe, ...(defaultDescription && { defaultDescription }) } as const;
}

/** Prints and ends the process for --help. @throws KvError INVALID_OPTION naming the option and the value. */
export async function parsePeersCommandLine(args: readonly string[]): Promise<PeersCommandLine> {
  const given: Record<string, unknown> = await yargs([...args])
    .scriptName('npm run bench:peers --')
    .usage('$0 [options]\n\nMeasures kvnode beside Redis, etcd and ZooKeeper on this machine.')
    .parserConfiguration({ 'parse-numbers': false, 'camel-case-expansion': false, 'duplicate-arguments-array': false })
    .options(options)
    .strict()
    .version(false)
    .fail(throwUsageError)
    .parseAsync();
  return {
    choice: {
      full: given.full === true,
      series: namesOf<SeriesName>('series', given.series, seriesNames),
      goals: namesOf('goal', given.goal, goalNames),
      only: namesOf<StoreName>('only', given.only, storeNames),
      scenario: expressionOf(given.scenario),
    },
    rounds: numberOf('rounds', given.rounds ?? options.rounds.defaultDescription, maxRounds, Number.isInteger),
    measureMs: 1_000 * numberOf('seconds', given.seconds ?? options.seconds.defaultDescription, maxSeconds, Number.isFinite),
    sideBySide: given['side-by-side'] === true,
    list: given.list === true,
    jsonFile: fileOf('json', given.json),
    reportFile: fileOf('report', given.report),
  };
}

function expressionOf(typed: unknown): RegExp | undefined {
  if (typed === undefined) return undefined;
  try {
    return new RegExp(String(typed));
  } catch {
    return refuseOption('scenario', typed, 'a regular expression');
  }
}
