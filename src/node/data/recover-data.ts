/**
 * Rebuilds the replicas of an earlier process from its log and their base copies. Nothing is changed on disk here. No part of the log is held
 * in memory as a whole.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type LoggedRecord, type LogPlace, LogScan } from '../../storage/wal/index.js';
import { recordTypes } from '../../wire/disk/record-types.js';
import { readRenamed } from '../../wire/disk/replica-records.js';
import { LogSurvey, logNameOf, placeToBegin, type SurveyedLog, type SurveyedReplica } from './log-survey.js';
import { type FoundReplica, type LostReplica, ReplicaReplay } from './replica-replay.js';
import { LostSnapshotError, type StateStore } from './state-store.js';

export interface RecoveryOptions {
  readonly place: LogPlace;
  /** The first reading, if it was begun before. Undefined, or nothing comes of it: the log is read here. */
  readonly survey?: Promise<SurveyedLog | undefined> | undefined;
  readonly states: Pick<StateStore, 'recover' | 'namesEmptyCopies'>;
  /** Bounds on the applied entries of a replica that are kept: count and estimated bytes. */
  readonly retainEntries: number;
  readonly retainBytes: number;
}

export interface RecoveredData {
  /** All its records were read. */
  readonly scan: LogScan;
  readonly found: readonly FoundReplica[];
  readonly lost: readonly LostReplica[];
  /** What is wrong with the part of the log before the one that was read, as a sentence. Undefined: there is none. */
  readonly damageBefore: string | undefined;
}

/** Bytes of records that are worked on in one turn of the event loop. */
const turnBytes = 1024 * 1024;

/**
 * Where a segment is damaged, and later ones are intact, the log may begin behind the damage: each segment begins with the metadata of
 * every replica. Then only the replicas that need entries of before are lost. That is preferred if any replica with entries can go on.
 * Otherwise each goes on with what came before the damage.
 *
 * @throws Error of the file system, or if the log belongs to another node or was written by another version
 */
export async function recoverData(options: RecoveryOptions): Promise<RecoveredData> {
  const begun = await options.survey;
  const isUsable = begun?.namesEmptyCopies === options.states.namesEmptyCopies;
  const { place, states } = options;
  const survey = isUsable ? begun : await surveyLog(place, states.namesEmptyCopies);
  const behind = survey.scan.outcome.kind === 'damaged' ? await recoverBehind(survey, options) : undefined;
  return behind ?? recover(survey, options);
}

/** @param first the segment with which it begins */
export async function surveyLog(place: LogPlace, namesEmptyCopies: boolean, first = 0): Promise<SurveyedLog> {
  const scan = new LogScan(place, first);
  const survey = new LogSurvey(namesEmptyCopies);
  await readAll(scan, (record) => survey.add(record));
  return { first, namesEmptyCopies, scan, replicas: survey.replicas };
}

/** Undefined: the end of the log is damaged, or no replica has all its entries behind the damage. */
async function recoverBehind({ scan }: SurveyedLog, options: RecoveryOptions): Promise<RecoveredData | undefined> {
  let { outcome } = scan;
  let damage = '';
  while (outcome.kind === 'damaged') {
    damage = outcome.reason;
    const after = scan.segments.find((number) => number > outcome.segment);
    if (after === undefined) return undefined;
    const survey = await surveyLog(options.place, options.states.namesEmptyCopies, after);
    ({ outcome } = survey.scan);
    if (outcome.kind === 'damaged') continue;
    const recovered = await recover(survey, options);
    return recovered.found.some(hasEntries) ? { ...recovered, damageBefore: damage } : undefined;
  }
  return undefined;
}

function hasEntries({ metadata }: FoundReplica): boolean {
  return metadata.current.complete && metadata.current.end.seq > 0;
}

async function recover({ first, scan: earlier, replicas }: SurveyedLog, options: RecoveryOptions): Promise<RecoveredData> {
  const lost: LostReplica[] = [];
  const replays: ReplicaReplay[] = [];
  for (const surveyed of replicas) {
    try {
      replays.push(await startReplay(surveyed, options));
    } catch (error) {
      if (!(error instanceof LostSnapshotError)) throw error;
      lost.push({ logged: surveyed.replica, problem: error.message });
    }
  }
  const scan = new LogScan(options.place, first, earlier);
  await replayAll(scan, replays);
  const found: FoundReplica[] = [];
  for (const replay of replays) {
    const result = replay.finish();
    if ('problem' in result) lost.push(result);
    else found.push(result);
  }
  return { scan, found, lost, damageBefore: undefined };
}

async function readAll(scan: LogScan, take: (record: LoggedRecord) => void): Promise<void> {
  let bytes = 0;
  for (const record of scan.records()) {
    take(record);
    bytes += record.payload.length;
    if (bytes < turnBytes) continue;
    bytes = 0;
    await turn();
  }
}

async function startReplay(surveyed: SurveyedReplica, options: RecoveryOptions): Promise<ReplicaReplay> {
  const { replica, snapshot: reference, places } = surveyed;
  const recovered = await options.states.recover(replica, reference);
  return new ReplicaReplay(surveyed, recovered, placeToBegin(places, recovered.snapshot), options);
}

async function replayAll(scan: LogScan, replays: readonly ReplicaReplay[]): Promise<void> {
  const byName = new Map(
    replays.flatMap((replay) => {
      const { replica, ids } = replay.surveyed;
      return ids.map((id) => [logNameOf({ ...replica, id }), replay] as const);
    }),
  );
  await readAll(scan, (record) => {
    if (record.type === recordTypes.renamed) scan.renamed(record.replica, readRenamed(record.payload));
    byName.get(logNameOf(record.replica))?.add(record);
  });
}
