/** Makes one measurement in a client process of its own, so that no store inherits the state of another's client. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { endWithThisProcess } from '../../local/lifeline.js';
import { toolEnvironment } from '../../local/programs.js';
import type { ClientPlan, Measured } from './plan.js';

const clientPath = fileURLToPath(new URL('./client.js', import.meta.url));
/** Limits a measurement. Writing a million keys to a slow store takes long, but not this long. */
const timeoutMs = 30 * 60_000;

/** @throws Error with the stderr of the client process if it fails, or if no operation succeeded */
export async function measure(plan: ClientPlan, signal: AbortSignal): Promise<Measured> {
  const child = spawn(process.execPath, [clientPath, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: toolEnvironment(),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    // A process group of its own: Ctrl-C at the terminal reaches only this process, which then ends its children in
    // order.
    detached: true,
  });
  endWithThisProcess(child);
  const onAbort = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    const [output, errors, [code, endedBy]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`the client ended with ${endedBy ?? `exit code ${code}`}: ${errors.trim()}`);
    const measured = JSON.parse(output) as Measured;
    if (measured.operationsPerSecond === 0) throw new Error(`no operation succeeded: ${measured.firstFailure}`);
    return measured;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
