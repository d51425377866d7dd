/**
 * The goals about the server's cost of unary calls: kvnode's primary against a bare grpc-js server that answers with a
 * constant of the same size, both under h2load, in turn. The difference is kvnode's own share of a call.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PutResponse } from '../../src/wire/contract/kv-api.js';
import { prepareProgram } from '../peers/packages.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import type { BareServerPlan, BareServerReport } from './bare-server.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { h2load, runH2load } from './h2load.js';
import { cpuMsOf } from './process-figures.js';
import { ScriptProcess } from './script-process.js';
import { startSettledCluster } from './settled-cluster.js';
import { framedRequest, pathOf, probe, readAnswer, type UnaryCall } from './unary-call.js';

const value = Buffer.alloc(100, '.');
const put: UnaryCall = { method: 'Put', request: { key: 'kvbench:1', value } };
const get: UnaryCall = { method: 'Get', request: { key: 'kvbench:1' } };
const nodes = 3;
/** New servers are slower until their code is compiled. */
const serverWarmUpMs = 4_000;

export const serverGet = goalOf('server-get', get, 0.85);
export const serverPut = goalOf('server-put', put, 0.6);

function goalOf(name: string, call: UnaryCall, wanted: number): Goal {
  return { name, measure: (run) => measure(call, wanted, run) };
}

async function measure(call: UnaryCall, wanted: number, run: GoalRun): Promise<readonly GoalOutcome[]> {
  const missing = await prepareProgram(h2load, run.print);
  if (missing !== undefined) throw new Error(missing);
  const folder = await mkdtemp(join(tmpdir(), 'kvnode-goal-'));
  try {
    await using cluster = await startSettledCluster({ nodes, extra: ['--min-in-sync', String(nodes)] });
    const primary = await cluster.primary();
    await probe(primary.address, put);
    const answer = await probe(primary.address, call);
    if (call === get && !answer.includes(value)) throw new Error('the answer to a get does not hold the value');
    const bodyFile = join(folder, 'request');
    await writeFile(bodyFile, framedRequest(call));
    const plan: BareServerPlan = { answerBase64: answer.toString('base64') };
    await using bare = new ScriptProcess('bare-server', plan);
    const { port } = await bare.next<BareServerReport>(run.signal);
    const measureOne = async ({ address, pid }: Server, measureMs: number): Promise<Sample> => {
      const before = await cpuMsOf(pid);
      const loaded = await runH2load({ address, path: pathOf(call), bodyFile, measureMs }, run.signal);
      const { requestsPerSecond, succeeded, bytesPerAnswer } = loaded;
      if (bytesPerAnswer < answer.length) throw new Error(`${address}: ${bytesPerAnswer} bytes an answer: some were errors`);
      return { requestsPerSecond, cpuMicroseconds: ((await cpuMsOf(pid)) - before) * (1_000 / succeeded) };
    };
    const servers = { kvnode: primary, bare: { address: `127.0.0.1:${port}`, pid: bare.pid } };
    const samples = await inTurn(run, measureOne, servers);
    await checkThatPutsWork(primary.address);
    return [outcomeOf(call, wanted, samples)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Server {
  readonly address: string;
  readonly pid: number;
}

interface Sample {
  readonly requestsPerSecond: number;
  /** CPU time of the server process per request. Other load on the machine hardly changes it. */
  readonly cpuMicroseconds: number;
}

type Side = 'kvnode' | 'bare';
type Samples = Record<Side, Sample[]>;

async function inTurn(
  { rounds, measureMs, print }: GoalRun,
  measureOne: (server: Server, measureMs: number) => Promise<Sample>,
  servers: Readonly<Record<Side, Server>>,
): Promise<Samples> {
  const samples: Samples = { kvnode: [], bare: [] };
  for (const server of Object.values(servers)) await measureOne(server, serverWarmUpMs);
  for (let round = 1; round <= rounds; round += 1) {
    const order: Side[] = round % 2 === 0 ? ['kvnode', 'bare'] : ['bare', 'kvnode'];
    for (const side of order) {
      const sample = await measureOne(servers[side], measureMs);
      samples[side].push(sample);
      const { requestsPerSecond, cpuMicroseconds } = sample;
      print(`round ${round}, ${side}: ${Math.round(requestsPerSecond)} requests/s, ${cpuMicroseconds.toFixed(1)} µs of CPU each`);
    }
  }
  return samples;
}

async function checkThatPutsWork(address: string): Promise<void> {
  const before = readAnswer<PutResponse>(put, await probe(address, put)).version;
  const after = readAnswer<PutResponse>(put, await probe(address, put)).version;
  if (after !== before + 1) throw new Error(`two puts in a row have the versions ${before} and ${after}`);
}

function outcomeOf({ method }: UnaryCall, wanted: number, { kvnode, bare }: Samples): GoalOutcome {
  const ratio = spreadOf(kvnode.map(({ requestsPerSecond }, round) => requestsPerSecond / bare[round]!.requestsPerSecond))!;
  const median = (samples: Sample[], figure: keyof Sample) => spreadOf(samples.map((sample) => sample[figure]))!.median;
  const figures = {
    ratioMedian: ratio.median,
    ratioLowest: ratio.lowest,
    ratioHighest: ratio.highest,
    kvnodeRequestsPerSecond: median(kvnode, 'requestsPerSecond'),
    bareRequestsPerSecond: median(bare, 'requestsPerSecond'),
    kvnodeCpuMicroseconds: median(kvnode, 'cpuMicroseconds'),
    bareCpuMicroseconds: median(bare, 'cpuMicroseconds'),
  };
  const rates = `${Math.round(figures.kvnodeRequestsPerSecond)} / ${Math.round(figures.bareRequestsPerSecond)} requests/s`;
  const cpu = `${figures.kvnodeCpuMicroseconds.toFixed(1)} / ${figures.bareCpuMicroseconds.toFixed(1)} µs of CPU`;
  return {
    what: `unary ${method.toLowerCase()}, requests/s / those of a bare grpc-js handler`,
    wanted: `at least ${wanted}`,
    found: `${spreadText(ratio, 2)}: ${rates}, ${cpu}`,
    reached: ratio.median >= wanted,
    figures,
  };
}
