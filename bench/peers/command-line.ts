/** The command line of `npm run bench:peers`. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import yargs from 'yargs';
import { throwUsageError } from '../../src/cli/usage-error.js';
import { KvError } from '../../src/errors.js';
import { type StoreName, storeNames } from './scenarios.js';
import { type Choice, type SeriesName, seriesNames } from './selection.js';

export interface PeersCommandLine {
  readonly choice: Choice;
  readonly rounds: number;
  readonly measureMs: number;
  readonly list: boolean;
  readonly jsonFile: string | undefined;
  readonly reportFile: string | undefined;
}

const maxRounds = 1_000;
const maxSeconds = 3_600;

const options = {
  only: text(`Stores, separated by commas: ${storeNames.join(', ')}`),
  scenario: text('Only scenarios whose id matches this regular expression; --list shows the ids'),
  series: text(`Instead of the usual scenarios, kvnode's own series, separated by commas: ${seriesNames.join(', ')}`),
  full: { type: 'boolean', describe: 'Every combination of scenarios, and every series: hours' },
  rounds: text('How often each trial is measured', '3'),
  seconds: text('How long each is measured, after one second to warm up', '3'),
  json: text('File for every measurement, medians and ratios'),
  report: text('File for a report with charts (HTML that needs no other file)'),
  list: { type: 'boolean', describe: 'Print what would be measured, and end' },
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
      only: namesOf<StoreName>('only', given.only, storeNames),
      scenario: expressionOf(given.scenario),
    },
    rounds: numberOf('rounds', given.rounds ?? options.rounds.defaultDescription, maxRounds, Number.isInteger),
    measureMs: 1_000 * numberOf('seconds', given.seconds ?? options.seconds.defaultDescription, maxSeconds, Number.isFinite),
    list: given.list === true,
    jsonFile: fileOf('json', given.json),
    reportFile: fileOf('report', given.report),
  };
}

function namesOf<Name extends string>(option: string, typed: unknown, known: readonly Name[]): Name[] {
  if (typed === undefined) return [];
  return String(typed)
    .split(',')
    .map((name) => known.find((one) => one === name) ?? refuse(option, name, `one of ${known.join(', ')}`));
}

function expressionOf(typed: unknown): RegExp | undefined {
  if (typed === undefined) return undefined;
  try {
    return new RegExp(String(typed));
  } catch {
    return refuse('scenario', typed, 'a regular expression');
  }
}

function numberOf(option: string, typed: unknown, highest: number, isGood: (value: number) => boolean): number {
  const value = Number(typed);
  return isGood(value) && value > 0 && value <= highest ? value : refuse(option, typed, `a number above 0, up to ${highest}`);
}

/** Found out now rather than after all has been measured. */
function fileOf(option: string, typed: unknown): string | undefined {
  if (typed === undefined) return undefined;
  return existsSync(dirname(String(typed))) ? String(typed) : refuse(option, typed, 'in a folder that exists');
}

function refuse(option: string, typed: unknown, expected: string): never {
  throw new KvError('INVALID_OPTION', `--${option}: "${String(typed)}" must be ${expected}`);
}
