/** Runs kvbench as a child process, since the benchmark must not share the event loop of this process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { endWithThisProcess } from './lifeline.js';
import { programPath, toolEnvironment } from './programs.js';

/**
 * Runs kvbench with its output on the terminal.
 * @throws Error unless it exits with 0, which with --verify means that the data is as acknowledged.
 */
export async function runBenchProcess(words: readonly string[], signal?: AbortSignal): Promise<void> {
  await run(words, 'inherit', signal);
}

/** Runs kvbench and returns its stdout. A signal ends the measurement early. @throws Error unless it exits with 0. */
export function captureBench(words: readonly string[], signal?: AbortSignal): Promise<string> {
  return run(words, 'pipe', signal);
}

async function run(words: readonly string[], output: 'inherit' | 'pipe', signal?: AbortSignal): Promise<string> {
  const child = spawn(process.execPath, [programPath('kvbench'), ...words], {
    stdio: output === 'inherit' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    env: toolEnvironment(),
    detached: true,
  });
  endWithThisProcess(child);
  const onAbort = (): void => {
    child.kill('SIGTERM');
  };
  signal?.addEventListener('abort', onAbort);
  try {
    const printed = child.stdout === null ? '' : text(child.stdout);
    const errors = child.stderr === null ? '' : text(child.stderr);
    const [code, endedBy] = (await once(child, 'exit')) as [number | null, string | null];
    const ending = (await errors).trimEnd().split('\n').at(-1);
    if (code !== 0) throw new Error(`kvbench ended with ${endedBy ?? `exit code ${code}`}${ending && `: ${ending}`}`);
    return await printed;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
