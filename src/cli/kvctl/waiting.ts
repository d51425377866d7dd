/**
 * Reports to a person what an operation waits for if it takes unusually long, mostly a primary that is being replaced,
 * and later that it was answered. The client does the waiting itself: it retries until the deadline.
 */
import type { KvClient } from '../../client/index.js';
import { shardOfKey } from '../../placement/key-slot.js';
import type { ShardInfo } from '../../wire/contract/kv-api.js';
import type { Output } from './output.js';

/** A shorter wait is not reported. */
const patienceMs = 400;
/** The same limit for an operation on `bulkKeys` keys or more, which takes longer on a busy machine. */
const bulkPatienceMs = 1_000;
const bulkKeys = 100;

/** Reports the wait of an operation on keys. */
export function reportWait<Result>(
  client: KvClient,
  keys: readonly string[],
  output: Output,
  work: () => Promise<Result>,
): Promise<Result> {
  const count = (): number => Math.max(1, client.knownTopology?.shards.length ?? 0);
  const shards = (): number[] => keys.map((key) => shardOfKey(key, count()));
  return reportWaitForShards(client, shards, output, work, keys.length < bulkKeys ? patienceMs : bulkPatienceMs);
}

/** `shards`: the shards that have not answered yet. */
export function reportWaitForShards<Result>(
  client: KvClient,
  shards: () => Iterable<number>,
  output: Output,
  work: () => Promise<Result>,
  untilMs = patienceMs,
): Promise<Result> {
  const describe = (): string => {
    const awaited = new Set(shards());
    return describeWait((client.knownTopology?.shards ?? []).filter(({ shard }) => awaited.has(shard)));
  };
  return reportWhile(output, describe, work, { client, untilMs });
}

/** @param describe returns what the command waits for; it is called again after every change of the topology. */
export async function reportWhile<Result>(
  output: Output,
  describe: () => string,
  work: () => Promise<Result>,
  { client, untilMs = patienceMs }: { client?: Pick<KvClient, 'onTopology'>; untilMs?: number } = {},
): Promise<Result> {
  const startMs = performance.now();
  let reported = '';
  const report = (): void => {
    if (performance.now() - startMs < untilMs) return;
    const wait = describe();
    if (wait !== reported && output.waitsFor(wait)) reported = wait;
  };
  const timer = setTimeout(report, untilMs + 1);
  const forget = client?.onTopology(report);
  try {
    const result = await work();
    if (reported !== '' && !holdsFailure(result))
      output.remark(`answered after ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
    return result;
  } finally {
    if (reported !== '') output.waitsNoMore();
    clearTimeout(timer);
    forget?.();
  }
}

/** An operation on many keys does not reject: each key has its own outcome. */
function holdsFailure(result: unknown): boolean {
  return Array.isArray(result) && result.some((outcome: { ok?: boolean } | undefined) => outcome?.ok === false);
}

/** Describes the first shard that does not serve; if all serve, the primaries that have not answered yet. */
export function describeWait(shards: readonly ShardInfo[]): string {
  const offline = shards.find((shard) => shard.offline);
  if (offline !== undefined) return `shard ${offline.shard} is offline, no in-sync replica of it is live`;
  const idle = shards.find((shard) => !shard.serving || shard.primaryAddress === '');
  if (idle === undefined) {
    const primaries = [...new Set(shards.map(({ primaryNodeId }) => primaryNodeId))];
    return `${primaries.join(', ') || 'no node'} has not answered yet; if it is gone, another in-sync replica takes its place`;
  }
  const { shard, primaryNodeId, epoch } = idle;
  if (epoch === 0) return `no primary of shard ${shard} is known yet`;
  if (primaryNodeId === '') return `the primary of shard ${shard} is being replaced (after epoch ${epoch})`;
  return `${primaryNodeId} is becoming primary of shard ${shard} in epoch ${epoch}`;
}
