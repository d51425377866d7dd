/** Runs h2load of nghttp2 as a load of unary gRPC calls, which costs little beside the server's own work. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { endWithThisProcess } from '../../local/lifeline.js';

export const h2load = { program: 'h2load', package: 'nghttp2-client' } as const;

/** 8 connections with 32 calls each keep 256 calls in flight. */
const connections = 8;
const callsPerConnection = 32;

export interface H2loadPlan {
  readonly address: string;
  readonly path: string;
  /** The file with the framed request. */
  readonly bodyFile: string;
  readonly measureMs: number;
}

export interface H2loadResult {
  readonly requestsPerSecond: number;
  readonly succeeded: number;
  /** The average size of the answers' bodies. An error of gRPC has no body. */
  readonly bytesPerAnswer: number;
}

/** @throws Error if any request or h2load itself failed; the signal's reason if it is aborted first */
export async function runH2load(plan: H2loadPlan, signal: AbortSignal): Promise<H2loadResult> {
  const words = [
    ...['--clients', String(connections), '--max-concurrent-streams', String(callsPerConnection)],
    ...['--duration', `${plan.measureMs}ms`],
    ...['--data', plan.bodyFile, '--header', 'content-type: application/grpc', '--header', 'te: trailers'],
    `http://${plan.address}${plan.path}`,
  ];
  const child = spawn(h2load.program, words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  endWithThisProcess(child);
  const onAbort = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`h2load ended with exit code ${code}: ${errors.trim()}`);
    return readReport(output);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export function readReport(output: string): H2loadResult {
  const requestsPerSecond = numberIn(output, /^finished in .*?, ([\d.]+) req\/s/m);
  const succeeded = numberIn(output, /^requests: .* (\d+) succeeded/m);
  const failed = numberIn(output, /^requests: .* (\d+) failed/m);
  const dataBytes = numberIn(output, /^traffic: .*\((\d+)\) data$/m);
  if (failed > 0 || succeeded === 0) throw new Error(`h2load: ${failed} requests failed, ${succeeded} succeeded:\n${output}`);
  return { requestsPerSecond, succeeded, bytesPerAnswer: dataBytes / succeeded };
}

function numberIn(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`h2load printed nothing like ${pattern}:\n${output}`);
  return Number(found);
}
