/** The command line of kvbench: every value is taken as text and checked here, so that each message names its option. */
import yargs from 'yargs';
import { throwUsageError } from '../src/cli/usage-error.js';
import { KvError } from '../src/errors.js';
import { packageVersion } from '../src/version.js';
import type { Target, WorkloadOptions } from './options.js';
import { smallestValueBytes } from './values.js';

export interface BenchCommandLine {
  readonly target: Target;
  readonly workload: WorkloadOptions;
  readonly json: boolean;
}

export const exitCodes = { ok: 0, verificationFailed: 1, usage: 2, unreachable: 3 } as const;

const maxThreads = 256;
const maxDurationSeconds = 86_400;
const maxKeyspace = 100_000_000;
const maxValueBytes = 16 * 1024 * 1024;
const maxInFlight = 100_000;
const maxDeadlineMs = 600_000;

const epilogue = `Each thread runs a closed loop: the next operation of a place in flight starts when the one before it has ended, so
latencies under an outage are those of few operations. With --verify each thread reads and writes keys of its own only,
remembers every acknowledged and every unknown write, and reads all its keys back at the end; nothing else may write the
keys "kvbench:0", "kvbench:1", ... meanwhile.

Exit codes: 0 done, and verified if asked to; 1 verification failed; 2 the command line is wrong;
3 the cluster could not be reached, or no operation succeeded.`;

const options = {
  zk: text('ZooKeeper connection string, to find the nodes', 'localhost:2181'),
  root: text('Root znode of the cluster, with --zk', '/kvstore'),
  nodes: text('Nodes, host:port[,host:port...], instead of --zk'),
  threads: text('Worker threads, each with its own client', '4'),
  duration: text('Seconds to measure', '10'),
  keyspace: text('Number of keys', '1000'),
  'read-ratio': text('Share of reads, 0 to 1', '0.5'),
  'value-bytes': text('Bytes in a value', '100'),
  'in-flight': text('Operations under way at once, per thread', '16'),
  seed: text('Of the sequence of operations', '1'),
  'deadline-ms': text('Longest time for an operation, retries included', '10000'),
  'no-prefill': { type: 'boolean', describe: 'Do not write every key once before measuring' },
  verify: { type: 'boolean', describe: 'Check afterwards that no acknowledged write is missing' },
  json: { type: 'boolean', describe: 'One JSON object on stdout instead of tables' },
} as const;

function text(describe: string, defaultDescription?: string) {
  return { type: 'string', requiresArg: true, describe, ...(defaultDescription && { defaultDescription }) } as const;
}

/** Prints and ends the process for --help and --version. @throws KvError INVALID_OPTION naming the option and the value. */
export async function parseBenchCommandLine(args: readonly string[]): Promise<BenchCommandLine> {
  refuseRepetition(args);
  const given: Record<string, unknown> = await yargs([...args])
    .scriptName('kvbench')
    .usage('$0 [options]\n\nMeasures a kvnode cluster, through failovers too, and checks what it acknowledged.')
    .parserConfiguration({
      'parse-numbers': false,
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
    })
    .options(options)
    .strict()
    .epilogue(epilogue)
    .version(packageVersion())
    .wrap(Math.min(120, process.stdout.columns ?? 120))
    .fail(throwUsageError)
    .parseAsync();
  return { target: targetOf(given), workload: workloadOf(given), json: given.json === true };
}

/** yargs makes a list of some repeated options and takes the last of others. */
function refuseRepetition(args: readonly string[]): void {
  const names = args.filter((arg) => arg.startsWith('--')).map((arg) => arg.split('=')[0]);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new KvError('INVALID_OPTION', `${repeated} is given more than once`);
}

function targetOf(given: Record<string, unknown>): Target {
  if (given.nodes === undefined) {
    return { zk: String(given.zk ?? options.zk.defaultDescription), root: String(given.root ?? options.root.defaultDescription) };
  }
  if (given.zk !== undefined || given.root !== undefined) throw new KvError('INVALID_OPTION', '--nodes excludes --zk and --root');
  return { nodes: String(given.nodes).split(',') };
}

function workloadOf(given: Record<string, unknown>): WorkloadOptions {
  const workload: WorkloadOptions = {
    threads: numberOf(given, 'threads', 1, maxThreads),
    durationMs: numberOf(given, 'duration', 0.1, maxDurationSeconds, false) * 1_000,
    keyspace: numberOf(given, 'keyspace', 1, maxKeyspace),
    readRatio: numberOf(given, 'read-ratio', 0, 1, false),
    valueBytes: numberOf(given, 'value-bytes', smallestValueBytes, maxValueBytes),
    inFlight: numberOf(given, 'in-flight', 1, maxInFlight),
    seed: numberOf(given, 'seed', 0, 2 ** 32 - 1),
    deadlineMs: numberOf(given, 'deadline-ms', 1, maxDeadlineMs),
    prefill: given['no-prefill'] !== true,
    verify: given.verify === true,
  };
  if (workload.verify && workload.keyspace < workload.threads)
    throw new KvError('INVALID_OPTION', `--verify needs a --keyspace of at least ${workload.threads}, a key for each thread`);
  return workload;
}

type NumericOption = {
  [Name in keyof typeof options]: (typeof options)[Name] extends { requiresArg: true } ? Name : never;
}[keyof typeof options];

function numberOf(given: Record<string, unknown>, name: NumericOption, lowest: number, highest: number, whole = true): number {
  const typed = String(given[name] ?? options[name].defaultDescription).trim();
  const value = /^\d+(\.\d+)?$/.test(typed) ? Number(typed) : Number.NaN;
  if (!(value >= lowest && value <= highest) || (whole && !Number.isInteger(value)))
    throw new KvError(
      'INVALID_OPTION',
      `--${name}: "${typed}" must be a ${whole ? 'whole ' : ''}number from ${lowest} to ${highest}`,
    );
  return value;
}
