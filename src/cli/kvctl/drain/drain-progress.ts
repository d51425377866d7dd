/** What a drain has yet to do, computed from the reports of all nodes. Pure. */
import type { ReplicaStatus, ShardInfo } from '../../../wire/contract/kv-api.js';
import { grouped, size } from '../figures.js';
import type { GatheredCluster } from '../status/gather.js';

export interface DrainProgress {
  /** Shards that the node holds, or that are placed on it. */
  readonly shards: number;
  /** Of these, the shards whose primary it is. */
  readonly primaries: number;
  /** Bytes of keys and values that other nodes have yet to copy. */
  readonly bytes: number;
}

interface HeldCopy {
  readonly nodeId: string;
  readonly replica: ReplicaStatus;
}

export function drainProgress({ topology, answers }: GatheredCluster, nodeId: string): DrainProgress {
  const copies = new Map<number, HeldCopy[]>();
  for (const { node, status } of answers) {
    for (const replica of status?.replicas ?? []) {
      const held = copies.get(replica.shard) ?? [];
      held.push({ nodeId: node.id, replica });
      copies.set(replica.shard, held);
    }
  }
  const left = topology.shards.filter((info) => isLeft(info, copies.get(info.shard) ?? [], nodeId));
  return {
    shards: left.length,
    primaries: left.filter(({ primaryNodeId }) => primaryNodeId === nodeId).length,
    bytes: left.reduce((total, info) => total + bytesToCopy(info, copies.get(info.shard) ?? []), 0),
  };
}

/** True while the shard is placed on the node, or the node or another one reports that the node holds a copy. */
function isLeft({ replicas, placedNodeIds }: ShardInfo, copies: readonly HeldCopy[], nodeId: string): boolean {
  if (placedNodeIds.includes(nodeId) || copies.some((copy) => copy.nodeId === nodeId)) return true;
  return replicas.some((replica) => replica.nodeId === nodeId && (replica.live || replica.inSync));
}

/** Bytes of the largest complete copy that the placed nodes without an in-sync copy do not have yet. */
function bytesToCopy({ replicas, placedNodeIds }: ShardInfo, copies: readonly HeldCopy[]): number {
  const whole = Math.max(0, ...copies.map(({ replica }) => (replica.complete ? replica.dataBytes : 0)));
  const missing = placedNodeIds.filter((id) => !replicas.some(({ nodeId, inSync }) => inSync && nodeId === id));
  return missing.reduce((total, id) => {
    const begun = copies.find((copy) => copy.nodeId === id)?.replica.dataBytes ?? 0;
    return total + Math.max(0, whole - begun);
  }, 0);
}

/** The estimate uses the rate of this time, because the rate of a drain changes. */
const windowMs = 10_000;

/** Estimates the remaining time from the bytes that were copied in the last seconds. */
export class DrainEstimate {
  #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  /** @returns milliseconds; undefined while no bytes were copied. */
  note(bytes: number, nowMs: number): number | undefined {
    const last = this.#samples.at(-1);
    // More bytes are to be copied than before, so older samples show no rate.
    if (last !== undefined && bytes > last.bytes) this.#samples = [];
    this.#samples.push({ atMs: nowMs, bytes });
    this.#samples = this.#samples.filter(({ atMs }) => nowMs - atMs <= windowMs);
    const [first] = this.#samples;
    if (first === undefined || first.bytes <= bytes) return undefined;
    return (bytes * (nowMs - first.atMs)) / (first.bytes - bytes);
  }
}

export function renderProgress(nodeId: string, { shards, primaries, bytes }: DrainProgress, leftMs: number | undefined): string {
  const estimate = leftMs === undefined ? '' : `, about ${Math.max(1, Math.ceil(leftMs / 1000))} s`;
  const held = `${grouped(shards)} ${shards === 1 ? 'shard' : 'shards'}`;
  return `node ${nodeId}: ${held} left, primary of ${grouped(primaries)}, ${size(bytes)} to copy${estimate}`;
}
