/**
 * The goal about backups: the throughput of puts while `kvctl dump` with its default rate copies 1,000,000 keys of three nodes,
 * against the throughput before and after. The data is in memory: with data on disk a node waits for its disk, and has time for the dump.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { endWithThisProcess } from '../../local/lifeline.js';
import type { LocalCluster } from '../../local/local-cluster.js';
import { programPath, toolEnvironment } from '../../local/programs.js';
import { optionSpecs } from '../../src/config/index.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import { ForegroundLoad } from './foreground-load.js';
import type { Goal, GoalRun } from './goal.js';
import { keyCount, startLoadedCluster } from './loaded-cluster.js';

const nodes = 3;
const inFlight = 256;
const warmUpMs = 4_000;
const wantedShare = 0.9;

interface DumpRound {
  readonly tookMs: number;
  /** The throughput of the puts meanwhile, relative to the throughput before and after. */
  readonly share: number;
}

export const dump: Goal = {
  name: 'dump',
  async measure(run) {
    await using cluster = await startLoadedCluster({ nodes, shards: optionSpecs.shards.default }, run.signal);
    await using foreground = new ForegroundLoad({ addresses: cluster.addresses, inFlight, mix: 'put' });
    await pause(warmUpMs, undefined, { signal: run.signal });
    const rounds: DumpRound[] = [];
    for (let round = 1; round <= run.rounds; round += 1) {
      const one = await dumpOnce(cluster, foreground, run);
      rounds.push(one);
      run.print(`round ${round}: dumped in ${(one.tookMs / 1_000).toFixed(1)} s, ${one.share.toFixed(2)} of the puts meanwhile`);
    }
    const share = spreadOf(rounds.map((one) => one.share))!;
    const seconds = spreadOf(rounds.map(({ tookMs }) => tookMs / 1_000))!;
    return [
      {
        what: `puts with ${inFlight} in flight while kvctl dump copies ${keyCount} keys / before and after`,
        wanted: `at least ${wantedShare}`,
        found: `${spreadText(share, 2)}, in ${spreadText(seconds, 1)} s`,
        reached: share.median >= wantedShare,
        figures: {
          ratioMedian: share.median,
          ratioLowest: share.lowest,
          ratioHighest: share.highest,
          medianSeconds: seconds.median,
        },
      },
    ];
  },
};

async function dumpOnce(cluster: LocalCluster, foreground: ForegroundLoad, { measureMs, signal }: GoalRun): Promise<DumpRound> {
  const beginMs = Date.now();
  await pause(measureMs, undefined, { signal });
  const fromMs = Date.now();
  await runDump(cluster.addresses, signal);
  const toMs = Date.now();
  await pause(measureMs, undefined, { signal });
  const rates = [foreground.rateBetween(beginMs, fromMs), foreground.rateBetween(toMs, Date.now())];
  const usual = (rates[0]! + rates[1]!) / 2;
  return { tookMs: toMs - fromMs, share: foreground.rateBetween(fromMs, toMs) / usual };
}

/** The dump goes nowhere: the disk of the backup is not what is measured. */
async function runDump(addresses: readonly string[], signal: AbortSignal): Promise<void> {
  const words = [programPath('kvctl'), '--nodes', addresses.join(','), 'dump'];
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: toolEnvironment(),
    signal,
    killSignal: 'SIGKILL',
    detached: true,
  });
  endWithThisProcess(child);
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number | null]>]);
  if (code !== 0) throw new Error(`kvctl dump ended with ${code}: ${errors.trim()}`);
}
