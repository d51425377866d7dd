/** What a replica tells about itself: a snapshot, for people and for routing. */

import { refusalOfRead } from '../primary/write.js';
import type { Core } from '../state/core.js';
import type { PeerPhase } from '../state/peer.js';
import type { RoleName } from './effect.js';
import type { Line } from './lineage.js';
import type { Epoch, ReplicaId, Seq, ShardState } from './shard-state.js';

export interface PeerSnapshot {
  readonly replicaId: ReplicaId;
  readonly phase: PeerPhase | 'disconnected';
  readonly ackedSeq: Seq;
}

export interface ReplicaSnapshot {
  readonly replicaId: ReplicaId;
  readonly role: RoleName;
  readonly epoch: Epoch;
  /** What its data belongs to; undefined: it holds no complete copy. */
  readonly line: Line | undefined;
  /** ZooKeeper names another history (R13). */
  readonly foundHistory: Line | undefined;
  readonly serving: boolean;
  readonly complete: boolean;
  readonly lastSeq: Seq;
  readonly lastEpoch: Epoch;
  readonly commitIndex: Seq;
  readonly appliedSeq: Seq;
  readonly logBytes: number;
  readonly offline: boolean;
  readonly state: ShardState | undefined;
  readonly peers: readonly PeerSnapshot[];
}

export function snapshot(core: Core, nowMs: number): ReplicaSnapshot {
  const { log, role } = core;
  const peers = role.kind === 'primary' ? [...role.peers.values()] : [];
  return {
    replicaId: core.self,
    role: core.roleName,
    epoch: core.epoch,
    line: core.line,
    foundHistory: core.foundHistory,
    serving: refusalOfRead(core, nowMs) === undefined,
    complete: core.complete,
    lastSeq: log.lastSeq,
    lastEpoch: log.lastEpoch,
    commitIndex: core.commitIndex,
    appliedSeq: core.appliedSeq,
    logBytes: log.bytes,
    offline: core.offlineSinceMs !== undefined && nowMs - core.offlineSinceMs > core.options.graceMs,
    state: core.register.state,
    peers: peers.map(({ id, linked, phase, ackedSeq }) => ({ replicaId: id, phase: linked ? phase : 'disconnected', ackedSeq })),
  };
}
