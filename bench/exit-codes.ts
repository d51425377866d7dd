/** Exit codes of kvbench: scripts decide by them. */
import type { BenchResult } from './result.js';

export const exitCodes = { ok: 0, verificationFailed: 1, usage: 2, nothingSucceeded: 3 } as const;

type Outcome = Pick<BenchResult, 'reads' | 'writes' | 'workload' | 'keysNotPrefilled' | 'verification'>;

/** Whatever failed from first to last was not measured, however well the rest went. */
export function exitCodeOf({ reads, writes, workload, keysNotPrefilled, verification }: Outcome): number {
  if (verification?.passed === false) return exitCodes.verificationFailed;
  const failedThroughout = [reads, writes].some(({ succeeded, failed }) => succeeded === 0 && failed > 0);
  const nothing = reads.succeeded + writes.succeeded === 0 || keysNotPrefilled >= workload.keyspace;
  return failedThroughout || nothing ? exitCodes.nothingSucceeded : exitCodes.ok;
}
