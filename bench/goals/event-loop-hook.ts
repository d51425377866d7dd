/**
 * Loaded into a node with --import: on SIGUSR2 it tells, as a line of the node's log, for how long the event loop was held
 * up since the signal before. So what is measured is the node itself, and the product needs no switch for it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What the line holds. Times include those of `resolutionMs`. */
export interface DelayRecord {
  readonly msg: 'event loop delay';
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly longestMs: number;
  readonly samples: number;
}

const resolutionMs = 1;
const nanosecondsInMs = 1e6;

const delays = monitorEventLoopDelay({ resolution: resolutionMs });
delays.enable();
process.on('SIGUSR2', () => {
  const ms = (percent: number) => delays.percentile(percent) / nanosecondsInMs;
  const record: DelayRecord = {
    msg: 'event loop delay',
    p50Ms: ms(50),
    p99Ms: ms(99),
    p999Ms: ms(99.9),
    longestMs: delays.max / nanosecondsInMs,
    samples: delays.count,
  };
  process.stderr.write(`${JSON.stringify(record)}\n`);
  delays.reset();
});
