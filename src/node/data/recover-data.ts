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
  readonly states: Pick<StateStore, 'check' | 'recover' | 'namesEmptyCopies' | 'beginReplay' | 'backlog' | 'failure'>;
  /** Resolves once everything that was read survives a loss of power. */
  flush(scanned: SurveyedLog['scan']): Promise<void>;
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
 * @throws KvError DATA_UNAVAILABLE of `StateStore.check`; Error of the file system, or if the log belongs to another node or was written by another version
 */
export async function recoverData(options: RecoveryOptions): Promise<RecoveredData> {
  const begun = await options.survey;
  const isUsable = begun?.namesEmptyCopies === options.states.namesEmptyCopies;
  const { place, states } = options;
  const survey = isUsable ? begun : await surveyLog(place, states.namesEmptyCopies);
  const behind = survey.scan.outcome.kind === 'damaged' ? await recoverBehind(survey, options) : undefined;
  if (behind !== undefined) return behind;
  await states.beginReplay(() => options.flush(survey.scan));
  return recover(survey, options, true);
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
    // It may turn out to be of no use, so nothing of it is in a database before the end.
    const recovered = await recover(survey, options, false);
    return recovered.found.some(hasEntries) ? { ...recovered, damageBefore: damage } : undefined;
  }
  return undefined;
}

function hasEntries({ metadata }: FoundReplica): boolean {
  return metadata.current.complete && metadata.current.end.seq > 0;
}

/** @param isFinal what is replayed may be written to a database, and waits for it */
async function recover(
  { first, scan: earlier, replicas }: SurveyedLog,
  options: RecoveryOptions,
  isFinal: boolean,
): Promise<RecoveredData> {
  options.states.check(replicas);
  const lost: LostReplica[] = [];
  const replays: ReplicaReplay[] = [];
  for (const surveyed of replicas) {
    try {
      replays.push(await startReplay(surveyed, options, isFinal));
    } catch (error) {
      if (!(error instanceof LostSnapshotError)) throw error;
      lost.push({ logged: surveyed.replica, problem: error.message });
    }
  }
  const scan = new LogScan(options.place, first, earlier);
  await replayAll(scan, replays, isFinal ? options.states : undefined);
  const found: FoundReplica[] = [];
  for (const replay of replays) {
    const result = replay.finish();
    if ('problem' in result) lost.push(result);
    else found.push(result);
  }
  return { scan, found, lost, damageBefore: undefined };
}

/** @param backlog between two turns; undefined: reading may go on */
async function readAll(
  scan: LogScan,
  take: (record: LoggedRecord) => void,
  backlog: () => Promise<void> | undefined = () => undefined,
): Promise<void> {
  let bytes = 0;
  for (const record of scan.records()) {
    take(record);
    bytes += record.payload.length;
    if (bytes < turnBytes) continue;
    bytes = 0;
    await turn();
    await backlog();
  }
}

async function startReplay(surveyed: SurveyedReplica, options: RecoveryOptions, isFinal: boolean): Promise<ReplicaReplay> {
  const { replica, snapshot: reference, places } = surveyed;
  const recovered = await options.states.recover(replica, reference);
  const replay = new ReplicaReplay(surveyed, recovered, placeToBegin(places, recovered.snapshot), options);
  if (isFinal) replay.begin();
  return replay;
}

/** @param states what is replayed waits for their backlog. Undefined: it does not */
async function replayAll(
  scan: LogScan,
  replays: readonly ReplicaReplay[],
  states: Pick<StateStore, 'backlog' | 'failure'> | undefined,
): Promise<void> {
  const byName = new Map(
    replays.flatMap((replay) => {
      const { replica, ids } = replay.surveyed;
      return ids.map((id) => [logNameOf({ ...replica, id }), replay] as const);
    }),
  );
  const take = (record: LoggedRecord): void => {
    if (record.type === recordTypes.renamed) scan.renamed(record.replica, readRenamed(record.payload));
    byName.get(logNameOf(record.replica))?.add(record);
  };
  const failed = states?.failure.then((error) => Promise.reject(error));
  failed?.catch(() => {});
  await readAll(scan, take, () => states?.backlog && Promise.race([states.backlog, failed!]));
}
