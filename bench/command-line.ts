/**
 * The command line of kvbench. Every value is read as text and checked here, so that each message names its option.
 */
import yargs, { type Argv } from 'yargs';
import { throwUsageError } from '../src/cli/usage-error.js';
import { optionSpecs, parseAddressList, resolveClusterPlace } from '../src/config/index.js';
import { KvError } from '../src/errors.js';
import { packageVersion } from '../src/version.js';
import type { Api, BenchTarget, Distribution, Transport, WorkloadOptions } from './options.js';
import { smallestValueBytes } from './values.js';

export interface BenchCommandLine {
  readonly target: BenchTarget;
  readonly workload: WorkloadOptions;
  readonly json: boolean;
  /** The file for the page. */
  readonly reportFile?: string;
}

const maxThreads = 256;
const maxDurationSeconds = 86_400;
const maxKeyspace = 100_000_000;
const maxValueBytes = 16 * 1024 * 1024;
const maxInFlight = 100_000;
const maxDeadlineMs = 600_000;
const maxRate = 10_000_000;
const usualInFlight = 16;
/**
 * The default of --in-flight with --rate: enough for a stall of seconds at thousands of operations a second. Waiting
 * operations load the client, not the cluster.
 */
const usualInFlightOnSchedule = 1_024;

const distributions: readonly Distribution[] = ['uniform', 'zipf'];
const apis: readonly Api[] = ['pipeline', 'unary'];
const transports: readonly Transport[] = ['auto', 'tcp', 'grpc'];

const epilogue = `Without --rate each thread runs closed loops: each place in flight sends its next operation when the one before has
ended. A stall then keeps operations from being sent, and hardly shows in the percentiles.

With --rate operations are sent on schedule, and latencies count from the scheduled time (open loop, as wrk2 does). If
all places in flight are taken, an operation that is due waits for one; its latency still counts from its scheduled
time. Operations that are late when the duration is over are sent for up to --deadline-ms more; the rest is reported
as never sent. Timers tick in milliseconds, so up to about 1 ms of an open loop's latency is the benchmark's own.

With --verify each thread reads and writes only keys of its own. It remembers every acknowledged and every unknown
write, and reads all its keys back at the end. No other client may write the keys "kvbench:0", "kvbench:1", ...
meanwhile.

Exit codes: 0 done, and verified if asked to; 1 verification failed; 2 the command line is wrong; 3 the cluster could
not be reached, or no operation succeeded: none at all, or none of the reads, of the writes, or of the writes before
measuring, where there were any.`;

interface NumberSpec {
  readonly describe: string;
  /** A text describes the behaviour without the option. */
  readonly default: number | string;
  readonly lowest: number;
  readonly highest: number;
  readonly fractional?: true;
}

const numbers = {
  threads: { describe: 'Worker threads, each with its own client', default: 4, lowest: 1, highest: maxThreads },
  duration: { describe: 'Seconds to measure', default: 10, lowest: 0.1, highest: maxDurationSeconds, fractional: true },
  keyspace: { describe: 'Number of keys', default: 1_000, lowest: 1, highest: maxKeyspace },
  'read-ratio': { describe: 'Share of reads', default: 0.5, lowest: 0, highest: 1, fractional: true },
  'value-bytes': {
    describe: `Bytes in a value; with --verify at least ${smallestValueBytes}, to identify its writer`,
    default: 100,
    lowest: 0,
    highest: maxValueBytes,
  },
  'in-flight': {
    describe: 'Operations in flight per thread; with --rate the limit',
    default: `${usualInFlight}, with --rate ${usualInFlightOnSchedule}`,
    lowest: 1,
    highest: maxInFlight,
  },
  rate: {
    describe: 'Operations per second of all threads together, sent on schedule',
    default: 'as fast as answers arrive',
    lowest: 0.1,
    highest: maxRate,
    fractional: true,
  },
  seed: { describe: 'Seed of the sequence of operations', default: 1, lowest: 0, highest: 2 ** 32 - 1 },
  'deadline-ms': {
    describe: 'Longest time for an operation, retries included',
    default: 10_000,
    lowest: 1,
    highest: maxDeadlineMs,
  },
} as const satisfies Record<string, NumberSpec>;

type NumberName = keyof typeof numbers;

const options = {
  zk: text('ZooKeeper connection string, to find the nodes', optionSpecs.zk.default),
  root: text('Root znode of the cluster, with --zk', optionSpecs.root.default),
  nodes: text('Nodes, host:port[,host:port...], instead of --zk; [address]:port with IPv6'),
  threads: numeric('threads'),
  duration: numeric('duration'),
  keyspace: numeric('keyspace'),
  api: text('Operations in messages of a stream (pipeline), or one gRPC call each (unary)', 'pipeline'),
  transport: text(
    'What carries the stream: frames on TCP (tcp), a gRPC stream (grpc), or frames where the node accepts them (auto)',
    'auto',
  ),
  distribution: text('Distribution of operations over the keys: uniform, or zipf with exponent 0.99', 'uniform'),
  'read-ratio': numeric('read-ratio'),
  'value-bytes': numeric('value-bytes'),
  'in-flight': numeric('in-flight'),
  rate: numeric('rate'),
  seed: numeric('seed'),
  'deadline-ms': numeric('deadline-ms'),
  'no-prefill': { type: 'boolean', describe: 'Do not write every key once before measuring' },
  verify: { type: 'boolean', describe: 'Check afterwards that no acknowledged write is missing' },
  report: text('Write an HTML page with throughput, latency and failovers over time to this file'),
  json: { type: 'boolean', describe: 'One JSON object on stdout instead of tables' },
} as const;

function text(describe: string, defaultDescription?: string) {
  return { type: 'string', requiresArg: true, describe, ...(defaultDescription && { defaultDescription }) } as const;
}

function numeric(name: NumberName) {
  const { describe, lowest, highest, default: usual } = numbers[name];
  return text(`${describe} (${lowest} to ${highest})`, String(usual));
}

/**
 * Prints and ends the process for --help and --version. @throws KvError INVALID_OPTION naming the option and the
 * value.
 */
export async function parseBenchCommandLine(args: readonly string[]): Promise<BenchCommandLine> {
  refuseRepetition(args);
  const given: Record<string, unknown> = await benchParser(args).parseAsync();
  const reportFile = given.report === undefined ? undefined : String(given.report);
  if (reportFile === '') throw new KvError('INVALID_OPTION', '--report: the name of the file is empty');
  const what = { target: targetOf(given), workload: workloadOf(given), json: given.json === true };
  return { ...what, ...(reportFile !== undefined && { reportFile }) };
}

export function benchParser(args: readonly string[]): Argv {
  return yargs([...args])
    .scriptName('kvbench')
    .usage('$0 [options]\n\nMeasures a kvnode cluster, even during failovers, and can verify its acknowledged writes.')
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
    .fail(throwUsageError);
}

/** yargs makes a list of some repeated options and takes the last of others. */
function refuseRepetition(args: readonly string[]): void {
  const names = args.filter((arg) => arg.startsWith('--')).map((arg) => arg.split('=')[0]);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new KvError('INVALID_OPTION', `${repeated} is given more than once`);
}

function targetOf(given: Record<string, unknown>): BenchTarget {
  const zk = given.zk === undefined ? undefined : String(given.zk);
  const root = given.root === undefined ? undefined : String(given.root);
  if (given.nodes === undefined) return resolveClusterPlace({ zk, root }, {});
  if (zk !== undefined || root !== undefined) throw new KvError('INVALID_OPTION', '--nodes excludes --zk and --root');
  return { nodes: parseAddressList(String(given.nodes), '--nodes') };
}

function workloadOf(given: Record<string, unknown>): WorkloadOptions {
  const rate = given.rate === undefined ? undefined : numberOf(given, 'rate');
  const workload: WorkloadOptions = {
    threads: numberOf(given, 'threads'),
    durationMs: numberOf(given, 'duration') * 1_000,
    keyspace: numberOf(given, 'keyspace'),
    api: oneOf(given, 'api', apis),
    transport: oneOf(given, 'transport', transports),
    distribution: oneOf(given, 'distribution', distributions),
    readRatio: numberOf(given, 'read-ratio'),
    valueBytes: numberOf(given, 'value-bytes'),
    inFlight: given['in-flight'] === undefined ? usualInFlightOf(rate) : numberOf(given, 'in-flight'),
    ...(rate !== undefined && { rate }),
    seed: numberOf(given, 'seed'),
    deadlineMs: numberOf(given, 'deadline-ms'),
    prefill: given['no-prefill'] !== true,
    verify: given.verify === true,
  };
  if (workload.verify && workload.keyspace < workload.threads)
    throw new KvError('INVALID_OPTION', `--verify needs a --keyspace of at least ${workload.threads}, a key for each thread`);
  if (workload.verify && workload.valueBytes < smallestValueBytes)
    throw new KvError(
      'INVALID_OPTION',
      `--verify needs --value-bytes of at least ${smallestValueBytes}, to identify the writer of a value`,
    );
  return workload;
}

function usualInFlightOf(rate: number | undefined): number {
  return rate === undefined ? usualInFlight : usualInFlightOnSchedule;
}

function oneOf<Name extends string>(
  given: Record<string, unknown>,
  option: 'api' | 'transport' | 'distribution',
  names: readonly Name[],
): Name {
  const typed = given[option] ?? options[option].defaultDescription;
  const found = names.find((name) => name === typed);
  if (found === undefined) throw new KvError('INVALID_OPTION', `--${option}: "${typed}" must be ${names.join(' or ')}`);
  return found;
}

function numberOf(given: Record<string, unknown>, name: NumberName): number {
  const spec: NumberSpec = numbers[name];
  const { lowest, highest } = spec;
  const whole = spec.fractional !== true;
  const typed = String(given[name] ?? spec.default).trim();
  const value = /^\d+(\.\d+)?$/.test(typed) ? Number(typed) : Number.NaN;
  if (!(value >= lowest && value <= highest) || (whole && !Number.isInteger(value)))
    throw new KvError(
      'INVALID_OPTION',
      `--${name}: "${typed}" must be a ${whole ? 'whole ' : ''}number from ${lowest} to ${highest}`,
    );
  return value;
}
