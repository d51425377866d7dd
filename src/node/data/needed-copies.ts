/**
 * Refuses an empty database in PostgreSQL if the log continues copies that were in a database: the URL is most likely wrong. Otherwise the
 * start would discard every copy of the node, perhaps the last one. LMDB is not checked: its database is in the data directory, so an
 * operator who removed it did so on purpose.
 */
import { KvError } from '../../errors.js';
import { mayBeginAt } from '../../replication/index.js';
import type { StateDatabase } from '../../storage/database/index.js';
import type { SurveyedReplica } from './log-survey.js';
import { emptySnapshotOf } from './snapshot-base.js';
import type { DatabaseKind } from './state-kind.js';

type Replica = Pick<SurveyedReplica, 'snapshot' | 'places'>;

/** @throws KvError DATA_UNAVAILABLE */
export function checkNeededCopies(
  kind: DatabaseKind,
  { found }: Pick<StateDatabase, 'found'>,
  replicas: readonly Replica[],
): void {
  if (kind === 'lmdb' || found.length > 0) return;
  const needed = replicas.filter(needsCopy).length;
  if (needed === 0) return;
  throw new KvError(
    'DATA_UNAVAILABLE',
    `--postgres: the database is empty, and the log in the data directory continues copies of ${needed} shards that are in a database. ` +
      'Correct --postgres: the server, the database and the schema. If that database is lost for good, start the node with an empty ' +
      'data directory: it takes its copies from the other nodes',
  );
}

/** True if the replica cannot be made from the log alone, because the log does not reach back to the time when the replica was empty. */
function needsCopy({ snapshot, places }: Replica): boolean {
  // A replica without a complete copy takes a new one in any case.
  if (snapshot === undefined) return false;
  const empty = emptySnapshotOf(snapshot);
  return empty === undefined || !places.some(({ metadata }) => mayBeginAt(metadata, empty));
}
