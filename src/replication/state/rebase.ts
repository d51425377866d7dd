/** A log that starts again above a raised seq floor (R13). */
import type { Seq } from '../protocol/ids.js';
import type { EpochMark } from '../protocol/lineage.js';
import { withVersions } from '../protocol/recorded-answer.js';
import type { RecordedRequest } from '../protocol/request.js';
import type { Core } from './core.js';

/**
 * The log starts again above `baseSeq` (R13, a raised seq floor). Applied entries stay in the store. Entries that are not
 * applied get new seqs and this epoch: the lost data may have used their old seqs for other writes. The lost data may also have
 * executed requests that are not known here, so the floor of the requests rises as well (R16).
 */
export function rebase(core: Core, baseSeq: Seq, { epoch, id }: EpochMark): void {
  const { appliedSeq } = core;
  const unapplied = core.log.slice(appliedSeq + 1, core.log.lastSeq - appliedSeq);
  const newVersion = (version: Seq): Seq => (version > appliedSeq ? baseSeq + version - appliedSeq : version);
  const entries = unapplied.map((entry) => {
    const seq = newVersion(entry.seq);
    return { ...entry, seq, epoch, request: entry.request && renumbered(entry.request, seq, newVersion) };
  });
  core.log.reset(baseSeq, { epoch, id });
  core.requests.reset(baseSeq);
  for (const entry of entries) core.log.append(entry, id);
  core.commitIndex = baseSeq;
  core.appliedSeq = baseSeq;
  core.persist({ type: 'rebase', baseSeq, baseEpoch: epoch, baseEpochId: id, entries }, { lastSeq: core.log.lastSeq });
}

/** The request of an entry that got another seq. Its floor has no meaning any more. */
function renumbered(request: RecordedRequest, seq: Seq, versionOf: (version: Seq) => Seq): RecordedRequest {
  const { answer } = request;
  return { ...request, seq, floor: 0, answer: answer && withVersions(answer, versionOf) };
}
