/** The first reading of the log in a thread of its own. */
import { Worker } from 'node:worker_threads';
import type { LogPlace } from '../../storage/wal/index.js';
import type { SurveyedLog } from './log-survey.js';

export interface SurveyedPlace extends Pick<LogPlace, 'folder' | 'owner'> {
  /** See `StateStore`. */
  readonly namesEmptyCopies: boolean;
}

/**
 * The folder must be locked. Never rejects. Undefined: the reading has failed, and is to be done anew where its error is handled.
 *
 * @param script the module `survey-thread-main`
 */
export function surveyInThread(
  place: SurveyedPlace,
  script = new URL('./survey-thread-main.js', import.meta.url),
): Promise<SurveyedLog | undefined> {
  return new Promise((resolve) => {
    const worker = new Worker(script, { name: 'survey', workerData: place });
    worker.once('message', (survey: SurveyedLog) => resolve(survey));
    worker.once('error', () => resolve(undefined));
    worker.once('exit', () => resolve(undefined));
  });
}
