/**
 * Entries that a peer lacks and that this primary has only in its storage (R10): it reads them there, one batch at a time, and sends
 * each as soon as the one before is acknowledged. They lie below the base of the log in memory, so they are committed.
 */
import type { Event } from '../protocol/event.js';
import type { Seq } from '../protocol/ids.js';
import type { LogPosition } from '../protocol/log-position.js';
import type { Core } from '../state/core.js';
import { enterPhase, type Peer } from '../state/peer.js';
import { batchOf, sendBatch } from './append-batch.js';

/** The position of the log that peers may follow, as Sync names it: from the oldest entry that is in memory or in the storage. */
export function followablePosition({ log, stored, options }: Core): LogPosition {
  return options.volatile ? log.position : stored.extend(log.position);
}

/** Reads the next entries for a peer from the storage. False: they are not there. */
export function readStored(core: Core, peer: Peer, epochId: string): boolean {
  const { log, stored, options } = core;
  const { id: to, number, nextSeq: firstSeq } = peer;
  if (options.volatile || firstSeq > log.baseSeq || stored.markAt(firstSeq - 1) === undefined) return false;
  peer.isReading = true;
  const { maxBatchEntries: maxEntries, maxBatchBytes: maxBytes } = options;
  core.emit({ type: 'readLog', to, epochId, number, firstSeq, throughSeq: log.baseSeq, maxEntries, maxBytes });
  return true;
}

/** The peer for which this is the answer. Undefined: it has begun anew since, or this replica is not primary of that epoch any more. */
function readerOf({ role }: Core, event: Extract<Event, { type: 'logRead' | 'logUnavailable' }>): Peer | undefined {
  if (role.kind !== 'primary' || role.epochId !== event.epochId) return undefined;
  const peer = role.peers.get(event.to);
  const isExpected = peer?.isReading === true && peer.number === event.number && peer.nextSeq === event.firstSeq;
  return isExpected ? peer : undefined;
}

export function onLogRead(core: Core, event: Extract<Event, { type: 'logRead' }>): void {
  const peer = readerOf(core, event);
  if (peer === undefined) return;
  const { firstSeq, entries } = event;
  const { stored, log } = core;
  const prev = stored.markAt(firstSeq - 1);
  // The storage may have found other entries than those of this log: some that were cut, or what was written over them.
  if (prev === undefined || !isOfLog(core, firstSeq, entries)) return giveUp(core, peer, firstSeq);
  peer.isReading = false;
  sendBatch(core, peer, batchOf(entries, prev, stored.runsOf(firstSeq, firstSeq + entries.length - 1), log.lastSeq));
}

export function onLogUnavailable(core: Core, event: Extract<Event, { type: 'logUnavailable' }>): void {
  const peer = readerOf(core, event);
  if (peer !== undefined) giveUp(core, peer, event.firstSeq);
}

export function onLogTrimmed({ stored }: Core, { seq }: Extract<Event, { type: 'logTrimmed' }>): void {
  stored.dropThrough(seq);
}

function isOfLog({ stored, log }: Core, firstSeq: Seq, entries: Extract<Event, { type: 'logRead' }>['entries']): boolean {
  const lastSeq = firstSeq + entries.length - 1;
  if (entries.length === 0 || lastSeq > log.baseSeq) return false;
  return entries.every(({ seq, epoch }, index) => seq === firstSeq + index && epoch === stored.markAt(seq)?.epoch);
}

/** What the storage cannot give now it will not give later. The next Sync names the log in memory only, so the peer needs a snapshot. */
function giveUp(core: Core, peer: Peer, fromSeq: Seq): void {
  core.note({ kind: 'storedLogUnavailable', peer: peer.id, fromSeq });
  core.stored.dropThrough(core.log.baseSeq);
  enterPhase(peer, 'idle', core.nowMs);
}
