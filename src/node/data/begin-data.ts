/**
 * What a node begins with its data directory as early as it can: it locks the directory, and a thread reads the log for the first time
 * (log-survey.ts). The start of a program loads most of its modules meanwhile, which takes about as long.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolder } from './data-folder.js';
import { DiskCalls } from './disk-calls.js';
import type { SurveyedLog } from './log-survey.js';
import { surveyInThread } from './survey-thread.js';

export interface BegunData {
  /** This process has locked it, so no other one uses it. */
  readonly folder: DataFolder;
  /** Never rejects. Undefined, or nothing comes of it: the log is read when the data is opened. */
  readonly survey: Promise<SurveyedLog | undefined> | undefined;
}

/** A log with fewer segments is read faster than a thread starts: one is in use, and one is in reserve. */
const fewestSegments = 3;

/** @throws KvError DATA_UNAVAILABLE */
export async function beginData(path: string, calls = new DiskCalls()): Promise<BegunData> {
  const folder = await DataFolder.open(path, calls);
  const { identity } = folder;
  const log = join(path, 'wal');
  if (identity === undefined || !(await calls.during(isLarge(log)))) return { folder, survey: undefined };
  const { nodeId, cluster, database } = identity;
  const owner = { clusterId: cluster.clusterId, nodeId };
  const place = { folder: log, owner, namesEmptyCopies: database !== undefined };
  return { folder, survey: calls.during(surveyInThread(place)) };
}

async function isLarge(log: string): Promise<boolean> {
  const names = await readdir(log).catch(() => []);
  return names.length >= fewestSegments;
}
