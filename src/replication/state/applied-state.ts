import type { AppliedState } from '../protocol/recovered.js';
import type { Core } from './core.js';

/** What belongs to a snapshot of the store as it is now. The copy must be complete. */
export function appliedStateOf({ log, requests, appliedSeq, appliedTimeMs }: Core): AppliedState {
  const { epoch, id } = log.markAt(appliedSeq)!;
  const { lastSeq } = log;
  return {
    position: { seq: appliedSeq, epoch, epochId: id },
    requests: requests.export(appliedSeq),
    requestFloor: requests.floor,
    timeMs: appliedTimeMs,
    unapplied: log.slice(appliedSeq + 1, lastSeq - appliedSeq),
    unappliedRuns: lastSeq > appliedSeq ? log.runsOf(appliedSeq + 1, lastSeq) : [],
  };
}
