/**
 * What it costs to keep the data in a database: the same load on three clusters whose nodes have a log on disk, and their data in memory,
 * in LMDB, or in PostgreSQL (one server for all, which flushes). The CPU time of an operation shows where the difference comes from.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCluster } from '../../local/local-cluster.js';
import type { LocalPostgres } from '../../local/postgres.js';
import { PostgresProcesses } from '../../local/postgres-processes.js';
import { measure } from '../peers/measure.js';
import type { BenchScenario } from '../peers/scenarios.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import { workBetween, workSoFar } from './cluster-work.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { cpuMsOf } from './process-figures.js';
import { untilSettled } from './settled-cluster.js';

const kinds = ['memory', 'lmdb', 'postgres'] as const;
type Kind = (typeof kinds)[number];

const shards = 16;
/** Fits in the memory of every store. */
const keyspace = 100_000;
const firstLoadMs = 6_000;
const warmUpMs = 1_000;
/** What an operator has: everything that makes a commit durable. */
const settings = { fsync: 'on', full_page_writes: 'on', shared_buffers: '256MB', max_wal_size: '4GB' };

interface Load {
  readonly mix: 'get' | 'put';
  readonly inFlight: number;
  /** The wanted ratio to memory. PostgreSQL has none: its rates are reported. */
  readonly wantedOfLmdb: number;
}

const loads: readonly Load[] = [
  { mix: 'get', inFlight: 256, wantedOfLmdb: 0.4 },
  { mix: 'put', inFlight: 256, wantedOfLmdb: 0.8 },
];

interface Side {
  readonly kind: Kind;
  readonly cluster: LocalCluster;
  readonly postgres?: LocalPostgres;
  end(): Promise<void>;
}

interface Figures {
  readonly perSecond: number;
  readonly nodesCpuMicroseconds: number;
  readonly postgresCpuMicroseconds: number;
}

export const stateStores: Goal = {
  name: 'state-stores',
  async measure(run) {
    const sides: Side[] = [];
    try {
      for (const kind of kinds) sides.push(await startSide(kind));
      const outcomes: GoalOutcome[] = [];
      for (const load of loads) outcomes.push(...(await compare(load, sides, run)));
      return outcomes;
    } finally {
      for (const side of sides) await side.end();
    }
  },
};

async function startSide(kind: Kind): Promise<Side> {
  const extra = ['--durability', 'interval'];
  if (kind === 'postgres') {
    const processes = await PostgresProcesses.start({ shards, extra, settings });
    const { cluster, postgres } = processes;
    return { kind, cluster, postgres, end: () => processes[Symbol.asyncDispose]() };
  }
  const dataDir = await mkdtemp(join(tmpdir(), `kvnode-bench-${kind}-`));
  const cluster = await LocalCluster.start({ shards, dataDir, extra: [...extra, '--state', kind, '--http-port', '0'] });
  const end = async () => {
    await cluster.kill();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { kind, cluster, end };
}

async function compare(
  load: Load,
  sides: readonly Side[],
  { rounds, measureMs, signal, print }: GoalRun,
): Promise<GoalOutcome[]> {
  for (const side of sides) await figuresOf(load, side, firstLoadMs, true, signal);
  const found = new Map<Kind, Figures[]>(kinds.map((kind) => [kind, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const side of sides) {
      await untilSettled(side.cluster);
      const figures = await figuresOf(load, side, measureMs, false, signal);
      found.get(side.kind)!.push(figures);
      print(`${load.mix} on ${side.kind}, round ${round}: ${describe(figures)}`);
    }
  }
  const ofMemory = found.get('memory')!;
  return (['lmdb', 'postgres'] as const).map((kind) => outcomeOf(load, kind, found.get(kind)!, ofMemory));
}

async function figuresOf(
  { mix, inFlight }: Load,
  { cluster, postgres }: Side,
  measureMs: number,
  prefill: boolean,
  signal: AbortSignal,
): Promise<Figures> {
  const scenario: BenchScenario = { mix, threads: 1, inFlight, valueBytes: 100, keyspace, pace: 'highest' };
  const before = { nodes: await workSoFar(cluster), postgresMs: await cpuOf(postgres) };
  const plan = { store: 'kvnode', addresses: cluster.addresses, scenario, prefill, warmUpMs, measureMs, seed: 1 } as const;
  const { operationsPerSecond } = await measure(plan, signal);
  const { cpuMs, operations } = workBetween(before.nodes, await workSoFar(cluster));
  const postgresMs = (await cpuOf(postgres)) - before.postgresMs;
  return {
    perSecond: operationsPerSecond,
    nodesCpuMicroseconds: (cpuMs * 1_000) / operations,
    postgresCpuMicroseconds: (postgresMs * 1_000) / operations,
  };
}

async function cpuOf(postgres: LocalPostgres | undefined): Promise<number> {
  const ids = (await postgres?.processIds()) ?? [];
  const times = await Promise.all(ids.map((id) => cpuMsOf(id).catch(() => 0)));
  return times.reduce((sum, ms) => sum + ms, 0);
}

function describe({ perSecond, nodesCpuMicroseconds, postgresCpuMicroseconds }: Figures): string {
  const postgres = postgresCpuMicroseconds === 0 ? '' : `, PostgreSQL ${postgresCpuMicroseconds.toFixed(1)} µs`;
  return `${Math.round(perSecond)}/s; CPU of each operation: nodes ${nodesCpuMicroseconds.toFixed(1)} µs${postgres}`;
}

function outcomeOf(
  { mix, inFlight, wantedOfLmdb }: Load,
  kind: Kind,
  figures: readonly Figures[],
  ofMemory: readonly Figures[],
): GoalOutcome {
  const wanted = kind === 'lmdb' ? wantedOfLmdb : undefined;
  const ratio = spreadOf(figures.map(({ perSecond }, round) => perSecond / ofMemory[round]!.perSecond))!;
  const median = (sides: readonly Figures[], name: keyof Figures) => spreadOf(sides.map((one) => one[name]))!.median;
  const [rate, rateOfMemory] = [figures, ofMemory].map((sides) =>
    spreadText(spreadOf(sides.map(({ perSecond }) => perSecond))!, 0),
  );
  return {
    what: `${mix}s with ${kind} against memory, ${inFlight} in flight`,
    wanted: wanted === undefined ? '' : `at least ${wanted} x`,
    found: `${spreadText(ratio, 2)} x: ${rate}/s against ${rateOfMemory}/s`,
    reached: wanted === undefined || ratio.median >= wanted,
    figures: {
      medianRatio: ratio.median,
      perSecond: median(figures, 'perSecond'),
      memoryPerSecond: median(ofMemory, 'perSecond'),
      nodesCpuMicroseconds: median(figures, 'nodesCpuMicroseconds'),
      memoryNodesCpuMicroseconds: median(ofMemory, 'nodesCpuMicroseconds'),
      postgresCpuMicroseconds: median(figures, 'postgresCpuMicroseconds'),
    },
  };
}
