/** A replica that starts with the data of an earlier process (R1, R4). */
import { endOf } from '../protocol/lineage.js';
import { idAt } from '../protocol/log-position.js';
import type { RecoveredReplica } from '../protocol/recovered.js';
import type { Core } from './core.js';
import { invariant } from './invariant.js';
import { StoredLog } from './stored-log.js';

/**
 * A restarted replica waits for a beacon for this many beacon intervals, however long ago its earlier process ended: a primary that
 * serves first has to find out that it is back, and to connect to it.
 */
const beaconsAfterRestart = 4;

/** The replica begins as a follower with the recovered log. The entries above the applied part may still be cut. */
export function takeRecovered(core: Core, found: RecoveredReplica, endedMs = core.nowMs): void {
  const { history, epoch, epochId, complete, baseSeq, baseEpoch, baseEpochId, entries, runs, appliedSeq } = found;
  // A copy that was not finished counts as no data, whatever was persisted last.
  const line = complete ? found.line : undefined;
  // The line is persisted before the epoch, so it may be of a newer epoch, or of another history.
  const isNewer = line !== undefined && (line.history !== history || endOf(line).epoch > epoch);
  core.history = isNewer ? line.history : history;
  core.epoch = isNewer ? endOf(line).epoch : epoch;
  core.epochId = isNewer ? endOf(line).id : epochId;
  core.epochRemovals = isNewer ? 0 : found.epochRemovals;
  core.line = line;
  core.complete = complete;
  core.log.reset(baseSeq, { epoch: baseEpoch, id: baseEpochId });
  const runsFromBase = [{ epoch: baseEpoch, id: baseEpochId, firstSeq: baseSeq }, ...runs];
  for (const entry of entries) core.log.append(entry, idAt(runsFromBase, entry.seq));
  core.stored = new StoredLog(found.stored ?? { seq: baseSeq, epoch: baseEpoch, epochId: baseEpochId, runs });
  invariant(appliedSeq >= baseSeq && appliedSeq <= core.log.lastSeq, () => `applied up to ${appliedSeq}, outside the log found`);
  core.commitIndex = appliedSeq;
  core.appliedSeq = appliedSeq;
  core.requests.reset(found.requestFloor);
  core.requests.load(found.requests);
  core.appliedTimeMs = found.timeMs;
  core.loggedTimeMs = found.loggedTimeMs;
  core.clock.learn(found.timeMs, core.nowMs);
  core.clock.learn(found.loggedTimeMs, core.nowMs);
  for (const { atMs } of entries) if (atMs !== undefined) core.clock.learn(atMs, core.nowMs);
  core.durability.foundDurable(core.log.lastSeq);
  if (core.line !== undefined) core.emit({ type: 'holds', history: core.line.history });
  const { graceMs, beaconMs } = core.options;
  core.loyalSinceMs = Math.min(core.nowMs, Math.max(endedMs, core.nowMs - graceMs + beaconsAfterRestart * beaconMs));
}
