/** Runs kvbench as a process: parse, run, print. The result is printed first, since the report file may fail. */
import { constants } from 'node:os';
import { describeError } from '../src/cli/explain.js';
import { surviveHangUp } from '../src/cli/hang-up.js';
import { KvError } from '../src/index.js';
import { parseBenchCommandLine } from './command-line.js';
import { benchExitCodeOf, benchExitCodes } from './exit-codes.js';
import { prepareReportFile, writeReportFile } from './page/report-file.js';
import { renderReport } from './report.js';
import { runBench } from './run.js';

async function main(): Promise<number> {
  const { target, workload, json, reportFile } = await parseBenchCommandLine(process.argv.slice(2));
  if (reportFile !== undefined) await prepareReportFile(reportFile);
  const run = await runBench(target, workload, process.stderr, stopSignal());
  const { result } = run;
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : renderReport(result));
  if (reportFile !== undefined) await writeReportFile(reportFile, run);
  return benchExitCodeOf(result);
}

/** The first signal ends the measurement, and its result is reported. A second signal ends the process. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(128 + constants.signals[signal]);
      controller.abort();
    });
  }
  return controller.signal;
}

function fail(error: unknown): number {
  process.stderr.write(`kvbench: ${describeError(error)}\n`);
  return error instanceof KvError && error.code === 'INVALID_OPTION' ? benchExitCodes.usage : benchExitCodes.nothingSucceeded;
}

surviveHangUp();
process.exitCode = await main().catch(fail);
