/** A monotonic clock that all threads of the process share: `performance.now()` begins anew in each. */
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function sharedNowMs(): number {
  return performance.now() + offsetMs;
}
