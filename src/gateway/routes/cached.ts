/**
 * Single-flight cache: concurrent callers share one computation. The result is then reused for nine times as long as it took to
 * compute, at most 1 s. So frequent requests take at most a tenth of the node's time.
 */
const restPerWork = 9;
const maxRestMs = 1_000;

/** A failure is reported to the callers that wait for it, and is not cached. */
export function cached<Answer>(make: () => Promise<Answer>): () => Promise<Answer> {
  let last: Promise<Answer> | undefined;
  let goodUntilMs = 0;
  return () => {
    const beganMs = performance.now();
    if (last !== undefined && beganMs < goodUntilMs) return last;
    goodUntilMs = Number.POSITIVE_INFINITY;
    last = make().then(
      (answer) => {
        const endedMs = performance.now();
        goodUntilMs = endedMs + Math.min(maxRestMs, restPerWork * (endedMs - beganMs));
        return answer;
      },
      (error: unknown) => {
        goodUntilMs = 0;
        throw error;
      },
    );
    return last;
  };
}
