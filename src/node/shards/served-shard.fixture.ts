/**
 * A shard for tests of the services of a node: the real `LocalShard` on a replica of the virtual cluster. A script drives the network,
 * the clock and the failovers of that cluster. `performance.now()` must be the cluster's clock (`clockOf`).
 */
import { vi } from 'vitest';
import type { Answer, RequestIdentity } from '../../replication/index.js';
import type { Scenario } from '../../replication/testing/scenario.fixture.js';
import type { ScriptedCall, VirtualNode } from '../../replication/testing/virtual-node.fixture.js';
import type { Storage, StoredValue } from '../../storage/index.js';
import { WriteAdmission } from '../capacity/write-admission.js';
import { LocalShard } from './local-shard.js';
import type { ShardDirectory } from './shard-directory.js';
import type { AnswerSink, ShardHost } from './shard-host.js';
import { Stripes } from './stripes.js';

const poison = '?'.charCodeAt(0);
const lotsOfBytes = 1024 * 1024 * 1024;

/** From here on `performance.now()` is the clock of the cluster; `vi.restoreAllMocks()` ends that. */
export function clockOf(c: Scenario): void {
  vi.spyOn(performance, 'now').mockImplementation(() => c.cluster.nowMs);
}

/** A directory with one shard, that of the named node, whose primary is never known to be elsewhere. */
export function directoryOf(c: Scenario, name: string): ShardDirectory {
  const local = localShardOf(c.node(name));
  return {
    shardCount: 1,
    local: () => local,
    primaryElsewhere: () => undefined,
    learnPrimary: () => {},
    awaited: () => undefined,
  };
}

/**
 * The local shard of a node. As the contract of `Storage.get` allows, a value is a view, which is worthless after the first await.
 * @param reads look-ups in another storage.
 */
export function localShardOf(node: VirtualNode, reads: Partial<Pick<Storage, 'get' | 'head'>> = {}) {
  const { get = (key: string) => fleetingView(node, key), head = (key: string) => node.store.items.get(key) } = reads;
  const storage = { get, head, dataBytes: 0, keyCount: 0, expiringCount: 0 };
  const handle: ShardHost['handle'] = (event) => {
    const isRequest = event.type === 'write' || event.type === 'transact' || event.type === 'orderedRead';
    node.handle(isRequest ? { ...event, token: callOf(node, event) } : event);
  };
  const { replica } = node;
  const host = {
    storage,
    handle,
    write: (event: Parameters<typeof handle>[0]) => {
      handle(event);
      // At a real node the writes of a turn leave together at its end. A script need not wait for that.
      handle({ type: 'flush' });
    },
    refusalOfRead: (nowMs: number) => replica.refusalOfRead(nowMs),
    get isPrimary() {
      return replica.isPrimary;
    },
    get epoch() {
      return replica.epoch;
    },
    isPrimaryIn: (epoch: number) => replica.isPrimaryIn(epoch),
    timeMs: (nowMs: number) => replica.timeMs(nowMs),
    get position() {
      return replica.position;
    },
    recognises: (request: RequestIdentity) => replica.recognises(request),
    uncommittedItem: (key: string) => replica.uncommittedItem(key),
    uncommittedVersion: (key: string) => replica.uncommittedVersion(key),
    uncommittedBytes: 0,
    requestBytes: 0,
    uncommittedValueBytes: () => undefined,
  };
  const lotsOfRoom = {
    nodeId: 'own',
    hasDiskRoom: true,
    isBehind: false,
    shardCount: 1,
    uncommittedBytes: 0,
    usedBytesBeside: () => 0,
    hasRoomForRequests: true,
    budget: { maxUncommittedBytes: lotsOfBytes },
  };
  const admission = new WriteAdmission(host, lotsOfRoom, () => []);
  return new LocalShard(host as unknown as ShardHost, new Stripes(), admission);
}

function fleetingView({ store }: VirtualNode, key: string): StoredValue | undefined {
  const item = store.items.get(key);
  if (item === undefined) return undefined;
  const view = Uint8Array.from(item.value);
  queueMicrotask(() => view.fill(poison));
  return { ...item, value: view };
}

/** The call that the virtual node records for a request. Its answer is passed on to the sink of the request. */
function callOf(
  process: VirtualNode,
  {
    token,
    key = '',
    value,
    ttlMs,
  }: { readonly token: unknown; readonly key?: string; readonly value?: unknown; readonly ttlMs?: number | undefined },
): ScriptedCall {
  const answers: Answer[] = [];
  const push = (answer: Answer): number => {
    (token as AnswerSink).answer(answer);
    return Array.prototype.push.call(answers, answer);
  };
  const text = value === undefined ? undefined : new TextDecoder().decode(value as Uint8Array);
  return { key, value: text, ttlMs, answers: Object.assign(answers, { push }), process };
}
