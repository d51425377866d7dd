/**
 * The flushes for which calls with `sync` wait (flush-wait.ts). The primary asks for them at once, because the next flush at an
 * interval may be due in a long time. It asks its own log with an effect, and a peer with the Append that brings the entry, or with
 * one without entries if the entry was sent before. What is lost with its connection is asked for again after the next Sync.
 */
import type { Seq } from '../protocol/ids.js';
import type { Core } from '../state/core.js';
import type { Peer } from '../state/peer.js';
import type { Primary } from '../state/role.js';

/** At the end of a turn: asks for the flushes for which calls have begun to wait in it. */
export function askForFlushes(core: Core, role: Primary): void {
  const { newestSync } = role.waiters;
  if (newestSync <= role.flushAskedSeq) return;
  role.flushAskedSeq = newestSync;
  if (!core.options.reportsFlushes) return;
  if (core.durability.flushedSeq < newestSync) core.emit({ type: 'flushLog' });
  for (const peer of role.peers.values()) askPeerToFlush(core, role, peer);
}

/** Whether an Append with the entries after `prevSeq` must ask for a flush of them. */
export function mustAskToFlush({ options, role }: Core, prevSeq: Seq): boolean {
  return options.reportsFlushes && role.kind === 'primary' && prevSeq < role.waiters.newestSync;
}

/** Asks for a flush of what was sent to the peer without asking for that. */
export function askPeerToFlush(core: Core, role: Primary, peer: Peer): void {
  const { newestSync } = role.waiters;
  const prevSeq = peer.nextSeq - 1;
  if (!core.options.reportsFlushes || peer.phase !== 'replicating' || !peer.linked) return;
  if (newestSync > prevSeq || Math.max(peer.flushedSeq, peer.flushAskedSeq) >= newestSync) return;
  const prev = core.log.markAt(prevSeq);
  if (prev === undefined) return;
  peer.flushAskedSeq = prevSeq;
  const { number } = peer;
  const { commitIndex } = core;
  const append = { type: 'append', number, prevSeq, prevEpoch: prev.epoch, prevEpochId: prev.id, runs: [], entries: [] } as const;
  core.send(peer.id, { ...append, commitIndex, flush: true });
}
