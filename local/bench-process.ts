/** kvbench as a child of its own, its output straight to the terminal: the benchmark must not share our event loop. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endWithThisProcess } from './lifeline.js';
import { programPath, toolEnvironment } from './programs.js';

/** @throws Error unless it exits with 0, which with --verify means that the data is as acknowledged. */
export async function runBench(words: readonly string[], signal?: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [programPath('kvbench'), ...words], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: toolEnvironment(),
    detached: true,
  });
  endWithThisProcess(child);
  const onAbort = (): void => {
    child.kill('SIGTERM');
  };
  signal?.addEventListener('abort', onAbort);
  try {
    const [code, endedBy] = (await once(child, 'exit')) as [number | null, string | null];
    if (code !== 0) throw new Error(`kvbench ended with ${endedBy ?? `exit code ${code}`}`);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
