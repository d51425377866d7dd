/** Formats each node: its place, its shards and its figures. Pure. */
import type { NodeInfo, NodeStatus } from '../../../wire/contract/kv-api.js';
import { grouped, size, uptime } from '../figures.js';
import { plainTable } from '../tables.js';
import type { GatheredCluster, NodeAnswer } from './gather.js';
import { dataText, isDatabase, stateText } from './state-text.js';

/** Columns that are shown only if some node has a value of its own there, since a terminal is narrow. */
const placeColumns: readonly { name: string; of(node: NodeInfo): string; isShown(node: NodeInfo): boolean }[] = [
  { name: 'address', of: ({ address }) => address, isShown: ({ id, address }) => id !== address },
  { name: 'zone', of: ({ zone }) => zone || '-', isShown: ({ zone }) => zone !== '' },
  { name: 'weight', of: ({ weight }) => String(weight), isShown: ({ weight }) => weight !== 1 },
  { name: 'draining', of: ({ draining }) => (draining ? 'yes' : '-'), isShown: ({ draining }) => draining },
];

export function renderNodes({ answers }: GatheredCluster): string {
  const place = placeColumns.filter(({ isShown }) => answers.some(({ node }) => isShown(node)));
  const hasDisk = answers.some(({ status }) => (status?.maxDiskBytes ?? 0) > 0);
  const hasDatabase = answers.some(({ status }) => isDatabase(status?.state));
  const shown = { hasDisk, hasDatabase };
  const held = ['shards', 'primary of', 'keys', 'data', ...(hasDisk ? ['disk'] : []), ...(hasDatabase ? ['state'] : [])];
  const table = plainTable(['node', ...place.map(({ name }) => name), ...held, 'memory', 'up', 'zookeeper', 'version']);
  for (const { node, status } of answers) {
    const facts = status === undefined ? ['no answer', ...Array<string>(held.length + 3).fill('')] : factsOf(status, shown);
    table.push([node.id, ...place.map(({ of }) => of(node)), ...facts]);
  }
  return table.toString();
}

/** The same figures as JSON, with the reason if a node did not answer. */
export function nodesToJson({ answers }: GatheredCluster): object {
  return { nodes: answers.map(nodeToJson) };
}

export function nodeToJson({ node, status, problem }: NodeAnswer): object {
  if (status === undefined) return { ...node, answered: false, problem };
  const { replicas, uptimeMs, version, zookeeper, keys, dataBytes, dataLimitBytes, memoryBytes, maxMemoryBytes } = status;
  const { durability, diskBytes, maxDiskBytes, formatInUse, oldestFormat, newestFormat } = status;
  const { logLinesDropped, openDescriptors, maxDescriptors, state, stateLag, stateImpaired } = status;
  return {
    ...node,
    answered: true,
    version,
    uptimeMs,
    zookeeper,
    shards: replicas.map(({ shard }) => shard),
    primaryOf: primariesOf(status),
    keys,
    dataBytes,
    dataLimitBytes,
    memoryBytes,
    maxMemoryBytes,
    durability,
    formatInUse,
    oldestFormat,
    newestFormat,
    diskBytes,
    maxDiskBytes,
    state,
    stateLag,
    stateImpaired,
    logLinesDropped,
    openDescriptors,
    maxDescriptors,
  };
}

function primariesOf({ replicas }: NodeStatus): number[] {
  return replicas.filter(({ role }) => role === 'primary').map(({ shard }) => shard);
}

function factsOf(status: NodeStatus, { hasDisk, hasDatabase }: { hasDisk: boolean; hasDatabase: boolean }): string[] {
  const { replicas, keys, dataBytes, dataLimitBytes, memoryBytes, maxMemoryBytes, uptimeMs, zookeeper, version } = status;
  return [
    grouped(replicas.length),
    grouped(primariesOf(status).length),
    grouped(keys),
    dataText(dataBytes, dataLimitBytes),
    ...(hasDisk ? [`${size(status.diskBytes)} of ${size(status.maxDiskBytes)}`] : []),
    ...(hasDatabase ? [stateText(status)] : []),
    `${size(memoryBytes)} of ${size(maxMemoryBytes)}`,
    ...[uptime(uptimeMs), zookeeper, version],
  ];
}
