/**
 * An answer that takes work to make, for those who ask again and again: it is made once for all who ask meanwhile, and then told
 * once more in nine tenths of the time, for a second at most. So nobody who hammers on it keeps the node from its work.
 */
const restPerWork = 9;
const maxRestMs = 1_000;

/** What fails is not told again, but to those who wait for it. */
export function seldom<Answer>(make: () => Promise<Answer>): () => Promise<Answer> {
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
