/** Ctrl-C for work that takes no signal: the command stops waiting, and the work continues without it. */
import { KvError } from '../../errors.js';

/** @throws KvError CANCELLED, with `executed`, as soon as the signal is aborted. */
export function unlessGivenUp<Result>(
  work: Promise<Result>,
  signal: AbortSignal,
  executed: KvError['executed'],
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new KvError('CANCELLED', 'given up before an answer came', { executed }));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
