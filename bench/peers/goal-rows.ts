/**
 * The goals of kvnode as a table: a figure of one store against the same figure of another, in some shapes. A shape is
 * client threads x operations in flight in each of them. Values have 100 bytes, and there are 10,000 keys.
 */
import type { BenchScenario, MixName, StoreName, Trial } from './scenarios.js';
import type { Figure } from './summary.js';

export type Shape = '4x1' | '4x16' | '1x1' | '1x64' | '1x256' | '1x1024';

interface Side {
  readonly store: StoreName;
  readonly mix: MixName;
  /** Default: the shape in which the goal is judged. */
  readonly shape?: Shape | '3x1';
}

export interface GoalRow {
  /** The name on the command line. */
  readonly name: string;
  /** A name for several goals on the command line. */
  readonly group?: 'durable';
  readonly what: string;
  readonly side: Side;
  readonly against: Side;
  readonly figure: Figure;
  readonly bound: 'at least' | 'at most';
  /** A part of the side's figure that is allowed beside the ratio. Default 0. */
  readonly allowed?: number;
  /** The wanted ratio in each shape for which the goal is judged. */
  readonly ratios: Partial<Record<Shape, number>>;
}

const shapes: readonly Shape[] = ['4x1', '4x16', '1x1', '1x64', '1x256', '1x1024'];

function everyShape(ratio: number): Record<Shape, number> {
  return Object.fromEntries(shapes.map((shape) => [shape, ratio])) as Record<Shape, number>;
}

function ofRate(name: string, what: string, side: Side, against: Side, ratios: GoalRow['ratios']): GoalRow {
  return { name, what, side, against, figure: 'operationsPerSecond', bound: 'at least', ratios };
}

function ofTime(name: string, what: string, side: Side, against: Side, ratios: GoalRow['ratios']): GoalRow {
  return { name, what, side, against, figure: 'p50Ms', bound: 'at most', ratios };
}

const on = (store: StoreName, mix: MixName): Side => ({ store, mix });

/** Three nodes with their data on disk, beside etcd, beside the same cluster in memory, and beside the disk. */
const durable: readonly GoalRow[] = [
  ofRate('durable-etcd', 'put, always / etcd put', on('kvnode-always', 'put'), on('etcd', 'put'), { '1x256': 10, '1x1024': 25 }),
  ofRate('durable-put', 'put, always / put in memory', on('kvnode-always', 'put'), on('kvnode', 'put'), { '1x1024': 0.5 }),
  {
    ...ofTime(
      'durable-time',
      'time of a put (p50), always, less 0.5 ms / a flush of 8 KiB by three writers at once',
      on('kvnode-always', 'put'),
      { ...on('flush', 'put'), shape: '3x1' },
      { '1x1': 1.5 },
    ),
    allowed: 0.5,
  },
  ofRate('durable-get', 'get, always / get in memory', on('kvnode-always', 'get'), on('kvnode', 'get'), {
    // Gets read no disk. The tenth is what two rounds of one store differ by on an idle machine.
    '1x256': 0.9,
    '1x1024': 0.9,
  }),
  ofRate('interval-put', 'put, interval / put in memory', on('kvnode-interval', 'put'), on('kvnode', 'put'), {
    '1x256': 0.75,
    '1x1024': 0.75,
  }),
];

export const goalRows: readonly GoalRow[] = [
  ofRate('mixed-wait', 'half gets, half puts / Redis GET, SET + WAIT 2', on('kvnode', 'mixed'), on('redis-wait', 'mixed'), {
    '4x1': 0.8,
    '4x16': 1.3,
  }),
  ofTime('put-time', 'time of a put (p50) / Redis SET + WAIT 2', on('kvnode', 'put'), on('redis-wait', 'put'), { '1x1': 1.8 }),
  ofTime('get-time', 'time of a get (p50) / Redis GET', on('kvnode', 'get'), on('redis', 'get'), { '1x1': 1.3 }),
  ofRate('put-redis', 'put / Redis SET', on('kvnode', 'put'), on('redis', 'put'), { '1x256': 1, '1x1024': 1.5 }),
  ofRate('get-redis', 'get / Redis GET', on('kvnode', 'get'), on('redis', 'get'), { '1x256': 2, '1x1024': 3 }),
  ofRate('mixed-redis', 'half gets, half puts / Redis GET, SET', on('kvnode', 'mixed'), on('redis', 'mixed'), { '1x256': 1.3 }),
  ofRate('put-model', 'put / TCP model', on('kvnode', 'put'), on('tcp-model', 'put'), everyShape(0.75)),
  ofRate(
    'shards-16',
    'half gets, half puts / with 1 shard',
    on('kvnode', 'mixed'),
    on('kvnode-1-shard', 'mixed'),
    // A single operation in flight cannot share a message with another.
    { ...everyShape(0.8), '1x1': 0.7 },
  ),
  ofRate('shards-256', 'put with 256 shards / with 1 shard', on('kvnode-256-shards', 'put'), on('kvnode-1-shard', 'put'), {
    '1x256': 0.5,
    '1x1024': 0.5,
  }),
  // What was reached over gRPC before frames: the lowest ratio of the rounds in docs/performance.md.
  ofRate('grpc-put', '1 shard over gRPC: put / Redis SET', on('kvnode-grpc', 'put'), on('redis', 'put'), {
    '1x256': 1.09,
    '1x1024': 1.4,
  }),
  ofRate('grpc-get', '1 shard over gRPC: get / Redis GET', on('kvnode-grpc', 'get'), on('redis', 'get'), {
    '1x256': 1.75,
    '1x1024': 2.94,
  }),
  ofRate('put-wait', 'put / Redis SET + WAIT 2', on('kvnode', 'put'), on('redis-wait', 'put'), { '1x256': 10, '1x1024': 10 }),
  ofRate('put-etcd', 'put / etcd put', on('kvnode', 'put'), on('etcd', 'put'), { '1x256': 40, '1x1024': 40 }),
  ofRate('get-etcd', 'get / etcd get', on('kvnode', 'get'), on('etcd', 'get'), { '1x256': 40, '1x1024': 40 }),
  ofRate('put-zipf', 'put on Zipf keys / on uniform keys', on('kvnode', 'put-zipf'), on('kvnode', 'put'), { '1x256': 0.9 }),
  ofRate('put-one', 'put on one key / on uniform keys', on('kvnode', 'put-one'), on('kvnode', 'put'), { '1x256': 0.9 }),
  ...durable.map((row) => ({ ...row, group: 'durable' }) as const),
];

/** The names of goals and of groups of goals on the command line. */
export const goalNames: readonly string[] = [
  ...new Set([...goalRows.map(({ name }) => name), ...goalRows.flatMap(({ group }) => group ?? [])]),
];

/** @param name of a goal, or of a group of goals */
export function isNamed({ name: own, group }: GoalRow, name: string): boolean {
  return name === own || name === group;
}

/** A goal in one of its shapes. */
export interface GoalCase {
  readonly row: GoalRow;
  readonly shape: Shape;
  readonly ratio: number;
  readonly trial: Trial;
  readonly other: Trial;
}

export function casesOf(row: GoalRow): GoalCase[] {
  return shapes.flatMap((shape) => {
    const ratio = row.ratios[shape];
    if (ratio === undefined) return [];
    const trialOf = ({ store, mix, shape: own }: Side): Trial => ({ store, scenario: scenarioOf(mix, own ?? shape) });
    return [{ row, shape, ratio, trial: trialOf(row.side), other: trialOf(row.against) }];
  });
}

function scenarioOf(mix: MixName, shape: NonNullable<Side['shape']>): BenchScenario {
  const [threads, inFlight] = shape.split('x').map(Number) as [number, number];
  return { mix, valueBytes: 100, keyspace: 10_000, threads, inFlight, pace: 'highest' };
}
