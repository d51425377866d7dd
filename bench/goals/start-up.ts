/** The goal about start-up: the time of a whole process, from its start to its end, beside that of Node.js itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { programPath, toolEnvironment } from '../../local/programs.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { startSettledCluster } from './settled-cluster.js';

interface Started {
  readonly what: string;
  /** The arguments of Node.js. */
  readonly args: readonly string[];
  /** Undefined: it is measured for comparison. */
  readonly belowMs?: number;
}

/** A process is short, so each round starts each program this many times, in turn. */
const startsPerRound = 10;
const key = 'start-up';
const getBelowMs = 250;
const versionBelowMs = 180;

export const startUp: Goal = {
  name: 'start',
  async measure(run) {
    await using cluster = await startSettledCluster({});
    const nodes = cluster.addresses.join(',');
    const kvctl = (...args: string[]): string[] => [programPath('kvctl'), '--nodes', nodes, ...args];
    await timeOf(kvctl('put', key, 'value'), run.signal);
    const version = (program: Parameters<typeof programPath>[0]): Started => ({
      what: `${program} --version`,
      args: [programPath(program), '--version'],
      belowMs: versionBelowMs,
    });
    const started: Started[] = [
      { what: 'node -e 0', args: ['-e', '0'] },
      { what: 'kvctl get --nodes', args: kvctl('get', key), belowMs: getBelowMs },
      ...(['kvctl', 'kvnode', 'kvbench'] as const).map(version),
      { what: 'kvctl nodes --nodes', args: kvctl('nodes') },
      { what: 'kvctl --help', args: [programPath('kvctl'), '--help'] },
      { what: 'kvnode --help', args: [programPath('kvnode'), '--help'] },
      { what: 'kvbench --help', args: [programPath('kvbench'), '--help'] },
    ];
    // The cluster is stopped once this has been awaited.
    return await measureAll(started, run);
  },
};

async function measureAll(started: readonly Started[], { rounds, signal, print }: GoalRun): Promise<GoalOutcome[]> {
  const times = new Map<Started, number[]>(started.map((program) => [program, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (let start = 0; start < startsPerRound; start += 1)
      for (const program of started) times.get(program)!.push(await timeOf(program.args, signal));
    print(`round ${round} of ${rounds}`);
  }
  return started.map((program) => outcomeOf(program, times.get(program)!));
}

/** @throws Error if the process fails */
async function timeOf(args: readonly string[], signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const startMs = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env: toolEnvironment() });
  const errors = text(child.stderr);
  const [exitCode] = (await once(child, 'exit')) as [number | null];
  const tookMs = performance.now() - startMs;
  if (exitCode !== 0) throw new Error(`node ${args.join(' ')} ended with ${exitCode}: ${await errors}`);
  return tookMs;
}

function outcomeOf({ what, belowMs }: Started, times: readonly number[]): GoalOutcome {
  const spread = spreadOf(times)!;
  return {
    what: `${what}, start to end`,
    wanted: belowMs === undefined ? '' : `below ${belowMs} ms`,
    found: `${spreadText(spread, 0)} ms`,
    reached: belowMs === undefined || spread.median < belowMs,
    figures: { medianMs: spread.median, lowestMs: spread.lowest, highestMs: spread.highest },
  };
}
