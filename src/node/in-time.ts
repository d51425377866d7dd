/**
 * Waits for work that may hang, such as a call to a disk or a database, for a limited time. The work itself goes on.
 * @param patienceMs limits the wait, in milliseconds
 * @throws the error of the work; after `patienceMs`, what `overdue` returns
 */
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
