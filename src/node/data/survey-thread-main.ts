/** The thread that reads the log of an earlier process for the first time. It changes nothing on disk, and sends what it has found. */
import { parentPort, workerData } from 'node:worker_threads';
import { LogScan, readOnlyFiles } from '../../storage/wal/index.js';
import { LogSurvey, type SurveyedLog } from './log-survey.js';
import type { SurveyedPlace } from './survey-thread.js';

const { namesEmptyCopies, ...place } = workerData as SurveyedPlace;
const scan = new LogScan({ ...place, files: readOnlyFiles });
const survey = new LogSurvey(namesEmptyCopies);
for (const record of scan.records()) survey.add(record);
const { outcome, segments, headers, emptySegments } = scan;
parentPort!.postMessage({
  first: 0,
  namesEmptyCopies,
  scan: { outcome, segments, headers, emptySegments },
  replicas: survey.replicas,
} satisfies SurveyedLog);
