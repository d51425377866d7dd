/** The thread that reads the log of an earlier process for the first time. It changes nothing on disk, and sends what it has found. */
import { parentPort, workerData } from 'node:worker_threads';
import { type LogPlace, LogScan, readOnlyFiles } from '../../storage/wal/index.js';
import { LogSurvey, type SurveyedLog } from './log-survey.js';

const scan = new LogScan({ ...(workerData as Pick<LogPlace, 'folder' | 'owner'>), files: readOnlyFiles });
/** As of data in memory. Where the data is in a database, the log is read anew. */
const namesEmptyCopies = false;
const survey = new LogSurvey(namesEmptyCopies);
for (const record of scan.records()) survey.add(record);
const { outcome, segments, headers, emptySegments } = scan;
parentPort!.postMessage({
  first: 0,
  namesEmptyCopies,
  scan: { outcome, segments, headers, emptySegments },
  replicas: survey.replicas,
} satisfies SurveyedLog);
