/** What a node tells about itself, warnings included. Pure. */

import type { SessionStatus } from '../coordination/index.js';
import { nodeIdOf, type ReplicaSnapshot } from '../replication/index.js';
import type { NodeStatus } from '../rpc/kv-api.js';
import { packageVersion } from '../version.js';

const version = packageVersion();

export interface NodeFacts {
  readonly nodeId: string;
  readonly address: string;
  readonly uptimeMs: number;
  readonly session: SessionStatus;
  readonly shard: number;
  readonly minInSync: number;
  readonly replica: ReplicaSnapshot;
  readonly keys: number;
  /** Resident, and the most it may be. */
  readonly memoryBytes: number;
  readonly maxMemoryBytes: number;
  /** Of the data: what it costs, and the most it may cost here. */
  readonly dataBytes: number;
  readonly dataLimitBytes: number;
}

/** An operator should know before writes are refused. */
const nearlyFull = 0.9;

export function describeNode(facts: NodeFacts): NodeStatus {
  const { nodeId, address, uptimeMs, session, shard, minInSync, replica, keys } = facts;
  const { memoryBytes, maxMemoryBytes, dataBytes, dataLimitBytes } = facts;
  const { replicaId, role, epoch, serving, complete, lastSeq, lastEpoch, commitIndex, appliedSeq, offline, state } = replica;
  const isInSync = (id: string): boolean => state?.inSync.includes(id) ?? false;
  const peers = replica.peers.map(({ replicaId: id, phase, ackedSeq }) => ({
    ...{ replicaId: id, nodeId: nodeIdOf(id), inSync: isInSync(id), phase, ackedSeq },
  }));
  return {
    ...{ nodeId, address, version, uptimeMs: Math.round(uptimeMs), zookeeper: session },
    replicas: [
      {
        shard,
        replicaId,
        role,
        epoch,
        serving,
        complete,
        lastSeq,
        lastEpoch,
        commitIndex,
        appliedSeq,
        keys,
        peers,
        offline,
        dataBytes,
        dataLimitBytes,
      },
    ],
    warnings: [
      ...warnings(shard, minInSync, session, replica),
      ...(dataBytes > nearlyFull * dataLimitBytes
        ? [`shard ${shard}: the data takes ${dataBytes} of ${dataLimitBytes} bytes; beyond them writes are refused`]
        : []),
    ],
    ...{ memoryBytes, maxMemoryBytes, keys, dataBytes, dataLimitBytes },
    ...{ zone: '', weight: 1 },
  };
}

function warnings(shard: number, minInSync: number, session: SessionStatus, { role, state, offline }: ReplicaSnapshot): string[] {
  const found: string[] = [];
  const copies = state?.inSync.length ?? 0;
  if (session !== 'connected') found.push('ZooKeeper cannot be reached: no node can be replaced until it can');
  if (offline) found.push(`shard ${shard}: no copy with every acknowledged write is live; nothing is served`);
  if (role === 'primary' && copies === 1)
    found.push(`shard ${shard}: a single copy is all there is; if this node dies, its data is lost`);
  if (role === 'primary' && copies < minInSync)
    found.push(`shard ${shard}: ${copies} of ${minInSync} copies in sync; writes are refused`);
  return found;
}
