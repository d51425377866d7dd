/**
 * Runs one storage node as a process: parse, start, wait for a signal or a fatal error, stop. The first SIGTERM or
 * SIGINT begins the planned stop with its handover (R12), a second one ends the process at once. SIGUSR2 stops a node
 * that is to be started again: its shards stay placed on it, as they do on SIGTERM if the node keeps its data. With SIGQUIT
 * it leaves for good. SIGHUP is ignored, so that a node outlives the terminal
 * that it was started in.
 */
import { statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { resolveOptions } from '../config/index.js';
import { KvError } from '../errors.js';
import { type FormatRange, supportedFormats } from '../formats.js';
import { createLogger, LogOutput } from '../logging/index.js';
import { logLookUps } from '../net/index.js';
import { beginData } from '../node/data/begin-data.js';
import { DiskCalls } from '../node/data/disk-calls.js';
import type { KvNode, NodeOptions } from '../node/index.js';
import { type Explanation, explainNodeFailure, renderError } from './explain.js';
import type { NodeCommandLine } from './node-command-line.js';
import { type EndingProcess, endNode, endNodeNow, writeLastWords } from './node-exit.js';
import { parsePlainNodeCommandLine } from './plain-node-command-line.js';
import type { StopSignal, StopSignals } from './stop-signals.js';

const exitCodes = { stopped: 0, failed: 1, usage: 2 } as const;
const standardOutput = 1;

/**
 * If a signal arrives while the node starts, the start may take this long before the process ends without an orderly
 * stop.
 */
const startPatienceMs = 1_000;

/** Ends the process. @param formats those that the node supports; only tests of upgrades pass others. */
export async function runNode(signals: StopSignals, formats = supportedFormats): Promise<never> {
  const running: RunningNode = { output: undefined, node: undefined };
  try {
    return await endNode(await run(signals, formats, running), running);
  } catch (error) {
    return await endNode(fail(error, explainNodeFailure(error, 'starting'), false), running);
  }
}

/** What exists by now. */
interface RunningNode extends EndingProcess {
  output: LogOutput | undefined;
  node: EndingProcess['node'];
}

async function run(signals: StopSignals, formats: FormatRange, running: RunningNode): Promise<number> {
  const commandLine = await parse(process.argv.slice(2));
  const { values, warnings } = resolveOptions({
    commandLine: commandLine.given,
    environment: process.env,
    configPath: commandLine.configPath,
  });
  const log = LogOutput.open(standardOutput);
  running.output = log;
  const logger = await createLogger(values.logLevel, values.logFormat, log);
  for (const warning of warnings) logger.warn(warning);
  // The lines of grpc-js on stderr repeat kvnode's own errors, so they are off unless the environment enables them.
  if (process.env.GRPC_VERBOSITY === undefined) setLogVerbosity(logVerbosity.NONE);
  reportUncaught(logger, running);
  logLookUps(logger);
  const signalled = firstStopSignal(signals, logger, running);
  const showStack = logger.isLevelEnabled('debug');

  const diskCalls = new DiskCalls();
  running.node = {
    get diskHangs() {
      return diskCalls.areUnderWay;
    },
  };
  let node: KvNode | StopSignal;
  try {
    const starting = start({ ...values, formats, diskCalls, logger, log });
    node = await Promise.race([starting, signalled.then((signal) => pause(startPatienceMs, signal))]);
  } catch (error) {
    return fail(error, explainNodeFailure(error, 'starting'), showStack);
  }
  // The node was still waiting for ZooKeeper or its disk, so it has nothing to hand over.
  if (typeof node === 'string') {
    if (diskCalls.areUnderWay)
      logger.warn({ dataDir: values.dataDir }, 'the disk of the data directory does not answer; the stop does not wait for it');
    return exitCodes.stopped;
  }
  running.node = node;
  const ended = await Promise.race([signalled, node.closed]);
  if (typeof ended === 'string') await node.stop({ returns: returnsAfter(ended, values.dataDir !== undefined) });
  const fatal = await node.closed;
  return fatal === undefined ? exitCodes.stopped : fail(fatal, explainNodeFailure(fatal, 'running', values.dataDir), showStack);
}

/** The modules of the node take some tenths of a second to load. The log on disk is read meanwhile. */
async function start(options: NodeOptions): Promise<KvNode> {
  const { dataDir, diskCalls } = options;
  const begun = dataDir === undefined ? undefined : await beginData(dataDir, diskCalls);
  // Node.js 20 leaves symbolic links in the paths of modules, and then loads some modules without their exports, if the file whose
  // state a synchronous call has read last is a pipe or a socket. Standard output often is, and packages often are behind links.
  statSync(import.meta.dirname);
  const node = await import('../node/index.js');
  return node.KvNode.start({ ...options, begun });
}

/** Whether the node keeps its place in the cluster. A node that keeps its data has something to come back with. */
function returnsAfter(signal: StopSignal, keepsData: boolean): boolean {
  return signal === 'SIGUSR2' || (signal !== 'SIGQUIT' && keepsData);
}

/** Loads yargs only if it is needed. */
async function parse(args: readonly string[]): Promise<NodeCommandLine> {
  const given = parsePlainNodeCommandLine(args);
  if (given !== undefined) return { given, configPath: undefined };
  const { parseNodeCommandLine } = await import('./node-command-line.js');
  return parseNodeCommandLine(args);
}

function firstStopSignal(signals: StopSignals, logger: Logger, running: RunningNode): Promise<StopSignal> {
  return new Promise((resolve) => {
    signals.attend({
      stop: (signal) => {
        logger.info({ signal }, 'stopping; a second SIGTERM or SIGINT ends the process at once');
        resolve(signal);
      },
      end: (exitCode) => endNodeNow(exitCode, running),
      hungUp: () => logger.info('SIGHUP is ignored; send SIGUSR2 to stop a node before a restart'),
    });
  });
}

/**
 * An uncaught error is a fault of kvnode itself: its stack goes to the log, and the process ends. Warnings of Node.js
 * go to the log as well: by default Node.js writes them to stderr, and waits until they are written.
 */
function reportUncaught(logger: Logger, running: RunningNode): void {
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught error');
    endNodeNow(fail(error, explainNodeFailure(error, 'running'), false), running);
  });
  process.removeAllListeners('warning');
  process.on('warning', (warning) => logger.warn({ err: warning }, 'warning of Node.js'));
}

function fail(error: unknown, explanation: Explanation, showStack: boolean): number {
  writeLastWords(`${renderError('kvnode', error, explanation, showStack)}\n`);
  return error instanceof KvError && error.code === 'INVALID_OPTION' ? exitCodes.usage : exitCodes.failed;
}
