/**
 * The goal about memory per key: the growth of the primary's resident memory by 1,000,000 keys, with the retained log,
 * against the growth of Redis. Each round has fresh servers, since freed memory is not always returned to the system.
 */
import { Redis } from 'ioredis';
import { parseAddress } from '../../src/config/index.js';
import { prepareProgram } from '../peers/packages.js';
import { redis } from '../peers/stores/redis.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import type { Goal, GoalRun } from './goal.js';
import { writeKeys, writeKeysTo } from './loaded-cluster.js';
import { growthPerKey } from './memory-growth.js';
import { startSettledCluster } from './settled-cluster.js';

const wanted = 1.5;
const nodes = 3;

export const memory: Goal = {
  name: 'memory',
  async measure(run) {
    const missing = await prepareProgram(redis.needs!, run.print);
    if (missing !== undefined) throw new Error(missing);
    const sides = { kvnode: [] as number[], redis: [] as number[] };
    for (let round = 1; round <= run.rounds; round += 1) {
      sides.kvnode.push(await growthOfKvnode(run));
      sides.redis.push(await growthOfRedis(run));
      run.print(`round ${round}: ${sides.kvnode.at(-1)!.toFixed(0)} bytes a key, Redis ${sides.redis.at(-1)!.toFixed(0)}`);
    }
    const ratio = spreadOf(sides.kvnode.map((bytes, round) => bytes / sides.redis[round]!))!;
    const figures = {
      ratioMedian: ratio.median,
      ratioLowest: ratio.lowest,
      ratioHighest: ratio.highest,
      kvnodeKeyBytes: spreadOf(sides.kvnode)!.median,
      redisKeyBytes: spreadOf(sides.redis)!.median,
    };
    return [
      {
        what: 'resident memory a key, at 1,000,000 of 100 bytes / that of Redis',
        wanted: `at most ${wanted}`,
        found: `${spreadText(ratio, 2)}: ${figures.kvnodeKeyBytes.toFixed(0)} / ${figures.redisKeyBytes.toFixed(0)} bytes`,
        reached: ratio.median <= wanted,
        figures,
      },
    ];
  },
};

async function growthOfKvnode({ signal }: GoalRun): Promise<number> {
  await using cluster = await startSettledCluster({ nodes, extra: ['--min-in-sync', String(nodes)] });
  const { pid } = await cluster.primary();
  return await growthPerKey(pid, () => writeKeysTo(cluster, signal), signal);
}

async function growthOfRedis({ signal }: GoalRun): Promise<number> {
  const server = await redis.start();
  try {
    const client = new Redis({ ...parseAddress(server.addresses[0]!, 'the address of Redis'), enableAutoPipelining: true });
    try {
      const pid = Number(/^process_id:(\d+)/m.exec(await client.info('server'))?.[1]);
      return await growthPerKey(pid, () => writeKeys((key, value) => client.set(key, value), signal), signal);
    } finally {
      client.disconnect();
    }
  } finally {
    await server.stop();
  }
}
