import type { AppliedPosition, AppliedState } from '../protocol/recovered.js';
import type { Core } from './core.js';

/** The copy must be complete. */
export function appliedPositionOf({ log, requests, appliedSeq, appliedTimeMs }: Core): AppliedPosition {
  const { epoch, id } = log.markAt(appliedSeq)!;
  return { position: { seq: appliedSeq, epoch, epochId: id }, requestFloor: requests.floor, timeMs: appliedTimeMs };
}

/** What belongs to a snapshot of the store as it is now. The copy must be complete. */
export function appliedStateOf(core: Core): AppliedState {
  const { log, requests, appliedSeq } = core;
  const { lastSeq } = log;
  return {
    ...appliedPositionOf(core),
    requests: requests.export(appliedSeq),
    unapplied: log.slice(appliedSeq + 1, lastSeq - appliedSeq),
    unappliedRuns: lastSeq > appliedSeq ? log.runsOf(appliedSeq + 1, lastSeq) : [],
  };
}
