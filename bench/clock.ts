/** A monotonic clock that all threads of the process share, since `performance.now()` begins at 0 in each thread. */
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function sharedNowMs(): number {
  return performance.now() + offsetMs;
}
