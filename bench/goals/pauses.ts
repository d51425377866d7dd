/** The goal about pauses of the event loop of a primary with 1,000,000 keys under full load. */

import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { NodeProcess } from '../../local/node-process.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import type { DelayRecord } from './event-loop-hook.js';
import { ForegroundLoad } from './foreground-load.js';
import type { Goal } from './goal.js';
import { startLoadedCluster } from './loaded-cluster.js';

const nodes = 3;
const inFlight = 1_024;
const warmUpMs = 4_000;
const wantedMs = 20;
const delayMessage: DelayRecord['msg'] = 'event loop delay';
const hookPath = fileURLToPath(new URL('./event-loop-hook.js', import.meta.url));

export const pauses: Goal = {
  name: 'pauses',
  async measure(run) {
    await using cluster = await startLoadedCluster({ nodes, nodeOptions: ['--import', hookPath] }, run.signal);
    const primary = await cluster.primary();
    await using foreground = new ForegroundLoad({ addresses: cluster.addresses, inFlight });
    await pause(warmUpMs, undefined, { signal: run.signal });
    const rounds: DelayRecord[] = [];
    const beginMs = Date.now();
    await delaysSince(primary);
    for (let round = 1; round <= run.rounds; round += 1) {
      await pause(run.measureMs, undefined, { signal: run.signal });
      const { p50Ms, p999Ms, longestMs, samples } = rounds[rounds.push(await delaysSince(primary)) - 1]!;
      const text = [p50Ms, p999Ms, longestMs].map((ms) => ms.toFixed(1));
      run.print(`round ${round}: p50 ${text[0]} ms, p99.9 ${text[1]} ms, longest ${text[2]} ms, of ${samples}`);
    }
    const rate = foreground.rateBetween(beginMs, Date.now());
    run.print(`${Math.round(rate)} operations/s meanwhile`);
    const found = spreadOf(rounds.map(({ p999Ms }) => p999Ms))!;
    const longestMs = Math.max(...rounds.map((round) => round.longestMs));
    return [
      {
        what: `pause of the event loop, p99.9, with ${inFlight} in flight and 1,000,000 keys`,
        wanted: `under ${wantedMs} ms`,
        found: `${spreadText(found, 1)} ms, longest ${longestMs.toFixed(1)} ms`,
        reached: found.median < wantedMs,
        figures: {
          medianMs: found.median,
          lowestMs: found.lowest,
          highestMs: found.highest,
          longestMs,
          operationsPerSecond: rate,
        },
      },
    ];
  },
};

async function delaysSince(node: NodeProcess): Promise<DelayRecord> {
  const since = node.log.count;
  node.signal('SIGUSR2');
  return (await node.log.waitFor(delayMessage, { since })) as unknown as DelayRecord;
}
