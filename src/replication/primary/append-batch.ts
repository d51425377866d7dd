/** Batches of entries for a peer: how they are made from the log in memory, and sent (R6). */
import type { Seq } from '../protocol/ids.js';
import type { EpochMark } from '../protocol/lineage.js';
import { entryBytes, type LogEntry } from '../protocol/log-entry.js';
import type { EpochRun } from '../protocol/log-position.js';
import type { Core } from '../state/core.js';
import type { Peer } from '../state/peer.js';
import type { AppendBatch, Primary } from '../state/role.js';
import { mustAskToFlush } from './flush-request.js';

/** The next entries to send from `firstSeq` on. Peers that keep up are sent the same batch. Undefined: they are not in memory. */
export function batchFrom({ log, options, commitIndex }: Core, role: Primary, firstSeq: Seq): AppendBatch | undefined {
  const last = role.lastBatch;
  if (last !== undefined && last.append.prevSeq === firstSeq - 1 && last.logEnd === log.lastSeq) return last;
  const prev = log.markAt(firstSeq - 1);
  if (prev === undefined) return undefined;
  const entries = log.slice(firstSeq, options.maxBatchEntries, options.maxBatchBytes);
  const batch = batchOf(entries, prev, log.runsOf(firstSeq, firstSeq - 1 + entries.length), log.lastSeq);
  // A batch of committed entries is for a peer that catches up alone. The next commit releases any other.
  if (batch.end > commitIndex) role.lastBatch = batch;
  return batch;
}

/** @param prev the epoch of the entry before the first one. @param logEnd the end of the primary's log */
export function batchOf(entries: readonly LogEntry[], prev: EpochMark, runs: readonly EpochRun[], logEnd: Seq): AppendBatch {
  const prevSeq = entries[0]!.seq - 1;
  let bytes = 0;
  for (const entry of entries) bytes += entryBytes(entry);
  const append = { prevSeq, prevEpoch: prev.epoch, prevEpochId: prev.id, runs, entries };
  return { append, end: prevSeq + entries.length, bytes, logEnd };
}

export function sendBatch(core: Core, peer: Peer, { end, bytes, append }: AppendBatch): void {
  peer.nextSeq = end + 1;
  peer.inFlight.push({ end, bytes });
  peer.keepsUp = end === core.log.lastSeq;
  peer.progressMs = core.nowMs;
  peer.behindSinceMs ??= core.nowMs;
  const { prevSeq, prevEpoch, prevEpochId, runs, entries } = append;
  const { number } = peer;
  const { commitIndex } = core;
  const flush = mustAskToFlush(core, prevSeq);
  if (flush) peer.flushAskedSeq = end;
  core.send(peer.id, { type: 'append', number, prevSeq, prevEpoch, prevEpochId, runs, entries, commitIndex, flush });
}
