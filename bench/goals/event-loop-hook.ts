/**
 * A node loads this file with --import. On SIGUSR2 it writes a line to the node's log with the delays of the event
 * loop since the previous signal. So the node itself is measured, and the product needs no option for that.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The fields of the log line. Times include `resolutionMs`. */
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
