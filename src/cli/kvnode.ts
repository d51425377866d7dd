#!/usr/bin/env node
/**
 * One storage node as a process: parse, start, wait for a signal or a fatal error, stop. The first SIGTERM or SIGINT
 * begins the planned stop with its handover (R12), a second one ends the process at once. SIGHUP stops a node that is to be
 * started again: its shards stay placed on it.
 */
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { resolveOptions } from '../config/index.js';
import { KvError } from '../errors.js';
import { logLookUps } from '../net/index.js';
import { KvNode } from '../node/index.js';
import { type Explanation, explainNodeFailure, renderError } from './explain.js';
import { createLogger } from './logger.js';
import { parseNodeCommandLine } from './node-command-line.js';

const exitCodes = { stopped: 0, failed: 1, usage: 2 } as const;

/** A node that is told to stop while it is starting has this long to come far enough for an orderly stop. */
const startPatienceMs = 1_000;

type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

async function main(): Promise<number> {
  const commandLine = await parseNodeCommandLine(process.argv.slice(2));
  const { values, warnings } = resolveOptions({
    commandLine: commandLine.given,
    environment: process.env,
    configPath: commandLine.configPath,
  });
  const logger = createLogger(values.logLevel, values.logFormat);
  for (const warning of warnings) logger.warn(warning);
  // Its lines on stderr repeat what our errors say, unless somebody asked for them.
  if (process.env.GRPC_VERBOSITY === undefined) setLogVerbosity(logVerbosity.NONE);
  reportUncaught(logger);
  logLookUps(logger);
  const signalled = firstStopSignal(logger);
  const showStack = logger.isLevelEnabled('debug');

  let node: KvNode | StopSignal;
  try {
    node = await Promise.race([KvNode.start({ ...values, logger }), signalled.then((signal) => pause(startPatienceMs, signal))]);
  } catch (error) {
    return fail(error, explainNodeFailure(error, 'starting'), showStack);
  }
  // Still waiting for ZooKeeper: there is nothing to hand over.
  if (typeof node === 'string') return exitCodes.stopped;
  const ended = await Promise.race([signalled, node.closed]);
  if (typeof ended === 'string') await node.stop({ returns: ended === 'SIGHUP' });
  const fatal = await node.closed;
  return fatal === undefined ? exitCodes.stopped : fail(fatal, explainNodeFailure(fatal, 'running'), showStack);
}

function firstStopSignal(logger: Logger): Promise<StopSignal> {
  return new Promise((resolve) => {
    let stopping = false;
    const onSignal = (signal: StopSignal): void => {
      // A terminal that closes may send more than one.
      if (stopping && signal === 'SIGHUP') return;
      if (stopping) process.exit(128 + constants.signals[signal]);
      stopping = true;
      logger.info({ signal }, 'stopping; a second SIGTERM or SIGINT ends the process at once');
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    process.on('SIGHUP', onSignal);
  });
}

/** What nobody caught is a fault of kvnode itself: the log gets its stack, and the process ends. */
function reportUncaught(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught error');
    process.exit(fail(error, explainNodeFailure(error, 'running'), false));
  });
}

function fail(error: unknown, explanation: Explanation, showStack: boolean): number {
  process.stderr.write(`${renderError('kvnode', error, explanation, showStack)}\n`);
  return error instanceof KvError && error.code === 'INVALID_OPTION' ? exitCodes.usage : exitCodes.failed;
}

try {
  process.exit(await main());
} catch (error) {
  process.exit(fail(error, explainNodeFailure(error, 'starting'), false));
}
