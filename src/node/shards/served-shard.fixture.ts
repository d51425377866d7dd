/**
 * A shard as the services of a node see it: the real `LocalShard` on a replica of the virtual cluster, whose network, clock
 * and failovers a script drives. `performance.now()` is to be the cluster's clock (`clockOf`).
 */
import { vi } from 'vitest';
import type { Answer } from '../../replication/index.js';
import type { Scenario } from '../../replication/testing/scenario.fixture.js';
import type { Call, VirtualNode } from '../../replication/testing/virtual-node.fixture.js';
import type { StoredValue } from '../../storage/index.js';
import { WriteAdmission } from '../capacity/write-admission.js';
import { LocalShard } from './local-shard.js';
import type { ShardDirectory } from './shard-directory.js';
import type { AnswerSink, ShardHost } from './shard-host.js';
import { Stripes } from './stripes.js';

const poison = '?'.charCodeAt(0);
const lotsOfBytes = 1024 * 1024 * 1024;

/** From here on what reads the clock of this process reads that of the cluster; `vi.restoreAllMocks()` ends it. */
export function clockOf(c: Scenario): void {
  vi.spyOn(performance, 'now').mockImplementation(() => c.cluster.nowMs);
}

/** The one shard of the node of that name; its primary is never known to be elsewhere. */
export function directoryOf(c: Scenario, name: string): ShardDirectory {
  const local = localShardOf(c.node(name));
  return {
    shardCount: 1,
    local: () => local,
    primaryElsewhere: () => undefined,
    learnPrimary: () => {},
    isOffline: () => false,
  };
}

/**
 * `version`: how the storage looks up what it holds of a key. What its `get` answers is a view, as the contract allows, and
 * worthless from the first await on.
 */
export function localShardOf(node: VirtualNode, version = (key: string): number | Promise<number> => node.store.versionOf(key)) {
  const storage = { get: (key: string) => fleetingView(node, key), version, dataBytes: 0, keyCount: 0 };
  const handle: ShardHost['handle'] = (event) => {
    const isAsked = event.type === 'write' || event.type === 'orderedRead';
    node.handle(isAsked ? { ...event, token: callOf(event) } : event);
  };
  const { replica } = node;
  const host = {
    storage,
    handle,
    write: (event: Parameters<typeof handle>[0]) => {
      handle(event);
      // As at a real node, what nobody flushes leaves at the end of the turn.
      setImmediate(() => handle({ type: 'flush' }));
    },
    flush: () => handle({ type: 'flush' }),
    refusalOfRead: (nowMs: number) => replica.refusalOfRead(nowMs),
    uncommittedVersion: (key: string) => replica.uncommittedVersion(key),
    uncommittedBytes: 0,
    uncommittedValueBytes: () => undefined,
  };
  const lotsOfRoom = {
    shardCount: 1,
    uncommittedBytes: 0,
    usedBytesBeside: () => 0,
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
  return { value: view, version: item.version };
}

/** What the virtual node keeps of a request; its answer goes on to who made it. */
function callOf({ token, key, value }: { readonly token: unknown; readonly key: string; readonly value?: unknown }): Call {
  const answers: Answer[] = [];
  const push = (answer: Answer): number => {
    (token as AnswerSink).answer(answer);
    return Array.prototype.push.call(answers, answer);
  };
  const text = value === undefined ? undefined : new TextDecoder().decode(value as Uint8Array);
  return { key, value: text, answers: Object.assign(answers, { push }) };
}
