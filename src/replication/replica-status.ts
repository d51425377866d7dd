/** The status of a replica, for people, metrics and routing. */

import { refusalOfRead } from './primary/refusals.js';
import type { RoleName } from './protocol/effect.js';
import type { Epoch, ReplicaId, Seq } from './protocol/ids.js';
import type { Line } from './protocol/lineage.js';
import type { ShardState } from './protocol/shard-state.js';
import type { Core } from './state/core.js';
import type { PeerPhase } from './state/peer.js';

export interface CorePeerStatus {
  readonly replicaId: ReplicaId;
  readonly phase: PeerPhase | 'disconnected';
  readonly ackedSeq: Seq;
}

export interface CoreStatus {
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
  /** The requests that are recognised (R16), and their estimated memory. */
  readonly requests: number;
  readonly requestBytes: number;
  readonly offline: boolean;
  readonly state: ShardState | undefined;
  readonly peers: readonly CorePeerStatus[];
}

export function statusOf(core: Core, nowMs: number): CoreStatus {
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
    requests: core.requests.count,
    requestBytes: core.requests.bytes,
    offline: core.offlineSinceMs !== undefined && nowMs - core.offlineSinceMs > core.options.graceMs,
    state: core.register.state,
    peers: peers.map(({ id, linked, phase, ackedSeq }) => ({ replicaId: id, phase: linked ? phase : 'disconnected', ackedSeq })),
  };
}
