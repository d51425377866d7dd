/**
 * Tells a person what an operation waits for when it takes longer than operations do, mostly a primary that is being
 * replaced, and how it went on. The waiting itself is the client's: it tries again until the deadline.
 */
import type { KvClient } from '../../client/index.js';
import { shardOfKey } from '../../placement/index.js';
import type { ShardInfo } from '../../wire/contract/kv-api.js';
import type { Output } from './output.js';

/** A shorter wait is not reported. */
const patienceMs = 400;
/** Nor of one of a thousand keys: on a busy machine they take longer than a few. */
const bulkPatienceMs = 1_000;
const bulkKeys = 100;

/** Of an operation on keys. */
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

/** `shards`: those that have not answered yet. */
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
  let told = '';
  const report = (): void => {
    if (performance.now() - startMs < untilMs) return;
    const news = describe();
    if (news !== told && output.waitsFor(news)) told = news;
  };
  const timer = setTimeout(report, untilMs + 1);
  const forget = client?.onTopology(report);
  try {
    const result = await work();
    if (told !== '' && !holdsFailure(result))
      output.remark(`answered after ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
    return result;
  } finally {
    if (told !== '') output.waitsNoMore();
    clearTimeout(timer);
    forget?.();
  }
}

/** What was done on many keys does not reject: each has its own outcome. */
function holdsFailure(result: unknown): boolean {
  return Array.isArray(result) && result.some((outcome: { ok?: boolean } | undefined) => outcome?.ok === false);
}

/** What is known of the first shard that is amiss; where none is, that an answer is awaited. */
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
