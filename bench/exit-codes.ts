/** Exit codes of kvbench, on which scripts depend. */
import type { BenchResult } from './result.js';

export const benchExitCodes = { ok: 0, verificationFailed: 1, usage: 2, nothingSucceeded: 3 } as const;

type Outcome = Pick<BenchResult, 'reads' | 'writes' | 'workload' | 'keysNotPrefilled' | 'verification'>;

/** A kind of which every operation failed was not measured, so the run has failed even if other kinds succeeded. */
export function benchExitCodeOf({ reads, writes, workload, keysNotPrefilled, verification }: Outcome): number {
  if (verification?.passed === false) return benchExitCodes.verificationFailed;
  const failedThroughout = [reads, writes].some(({ succeeded, failed }) => succeeded === 0 && failed > 0);
  const nothing = reads.succeeded + writes.succeeded === 0 || keysNotPrefilled >= workload.keyspace;
  return failedThroughout || nothing ? benchExitCodes.nothingSucceeded : benchExitCodes.ok;
}
