/** Work on a disk that may hang: waits for it for a limited time. */

/** The work goes on when its time is over. @throws the error of the work, or what `overdue` returns */
export async function inTime<Result>(work: Promise<Result>, patienceMs: number, overdue: () => Error): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(overdue()), patienceMs);
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    clearTimeout(timer);
  }
}

export function silentDisk(path: string): Error {
  return new Error(`the disk of the data directory ${path} does not answer; the stop does not wait for it`);
}
