import { KvError } from '../../../errors.js';
import { formatsText } from '../../../formats.js';
import { rangesOf } from '../../../topology/shard-ranges.js';
import type { NodeStatus, ReplicaStatus } from '../../../wire/contract/kv-api.js';
import { type Command, expectOperands } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { grouped, size, uptime } from '../figures.js';
import { positionText } from '../force/shard-histories.js';
import { findNode } from './find-node.js';
import { gatherCluster, type NodeAnswer } from './gather.js';
import { dataText, stateText } from './state-text.js';

/** The most shards whose histories are shown as text. */
const maxHistories = 20;

export const infoCommand: Command = {
  name: 'info',
  operands: '[NODE]',
  summary: 'Show one node in full, by its id or address, or every node',
  isWrite: false,
  options: {},
  async run({ connect, operands, call, output }) {
    expectOperands(infoCommand, operands, 0, 1);
    const { nodeToJson } = await import('./node-report.js');
    const { topology, answers } = await gatherCluster(await connect(), call, output);
    const [wanted] = operands;
    const node = wanted === undefined ? undefined : findNode(topology, wanted);
    const shown = answers.filter((answer) => node === undefined || answer.node.id === node.id);
    const text = [`cluster ${topology.clusterId}, ${grouped(topology.shards.length)} shards`, ...shown.map(renderInfo)];
    output.result(text.join('\n\n'), {
      clusterId: topology.clusterId,
      nodes: shown.map((answer) => ({ ...nodeToJson(answer), ...details(answer) })),
    });
    const [only] = shown;
    if (node !== undefined && only?.problem !== undefined)
      throw new KvError('UNREACHABLE', `${node.id} is registered but does not answer: ${only.problem}`);
    return exitCodes.ok;
  },
};

function renderInfo({ node, status, problem }: NodeAnswer): string {
  const facts: [string, string][] = [
    ['address', node.address],
    ['zone', node.zone || '-'],
    ['weight', String(node.weight)],
    ...(node.draining ? [['draining', 'yes: its shards move to other nodes'] as [string, string]] : []),
    ...(status === undefined ? [['no answer', problem ?? ''] as [string, string]] : factsOf(status)),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [`node ${node.id}`, ...facts.map(([name, fact]) => `  ${name.padEnd(width)}  ${fact}`)].join('\n');
}

function factsOf(status: NodeStatus): [string, string][] {
  const { replicas, warnings } = status;
  const shardsWhere = (holds: (role: string) => boolean): string =>
    rangesOf(replicas.filter(({ role }) => holds(role)).map(({ shard }) => shard)) || 'none';
  return [
    ['version', status.version],
    ['up', uptime(status.uptimeMs)],
    ['zookeeper', status.zookeeper],
    ['keys', grouped(status.keys)],
    ['data', dataText(status.dataBytes, status.dataLimitBytes)],
    ['memory', `${size(status.memoryBytes)} of ${size(status.maxMemoryBytes)}`],
    ...(status.maxDiskBytes > 0
      ? [['disk', `${size(status.diskBytes)} of ${size(status.maxDiskBytes)}`] as [string, string]]
      : []),
    ['state', stateText(status)],
    ['durability', status.durability || 'not known'],
    ['format', formatFact(status)],
    ['descriptors', `${grouped(status.openDescriptors)} of ${grouped(status.maxDescriptors)}`],
    ['log lines dropped', grouped(status.logLinesDropped)],
    ['primary of', shardsWhere((role) => role === 'primary')],
    ['backup of', shardsWhere((role) => role === 'backup')],
    ['joins', shardsWhere((role) => role !== 'primary' && role !== 'backup')],
    ...historyFacts(replicas),
    ...warnings.map((warning): [string, string] => ['warning', warning]),
  ];
}

function formatFact({ formatInUse, oldestFormat: oldest, newestFormat: newest }: NodeStatus): string {
  return formatInUse === 0 ? 'not known' : `${formatInUse}, and it supports ${formatsText({ oldest, newest })}`;
}

/** The histories of shards that are offline, or of which ZooKeeper names another history. */
function historyFacts(replicas: readonly ReplicaStatus[]): [string, string][] {
  const shown = replicas.filter(({ offline, found }) => offline || (found ?? null) !== null);
  if (shown.length === 0) return [];
  const lines = shown.slice(0, maxHistories).map(({ shard, held, found }): [string, string] => {
    const names = (found ?? null) === null ? '' : `; ZooKeeper names ${positionText(found)}`;
    return ['history', `shard ${shard}: ${(held ?? null) === null ? 'no copy' : positionText(held)}${names}`];
  });
  const left = shown.length - lines.length;
  const rest: [string, string][] = left > 0 ? [['history', `of ${left} more shards with --json`]] : [];
  return [['offline', rangesOf(shown.map(({ shard }) => shard))], ...lines, ...rest];
}

function details({ status }: NodeAnswer): object {
  const { replicas = [], warnings = [] } = status ?? {};
  return { replicas, warnings };
}
