/** The routes of drains: drain a node, take that back, and check whether a node can be taken down. */
import type { FastifyInstance } from 'fastify';
import { canStopSchema, drainSchema, jsonAnswer, problems } from '../routes/schemas.js';

/** Each throws a KvError: NOT_DRAINED, INVALID_ARGUMENT, COORDINATION_UNAVAILABLE. */
export interface DrainCalls {
  setDraining(nodeId: string, draining: boolean): Promise<{ readonly shardCount: number }>;
  checkStop(nodeId: string): Promise<{
    readonly shards: readonly { readonly shard: number; readonly copiesLeft: number; readonly copiesNeeded: number }[];
    readonly silentNodeIds: readonly string[];
  }>;
}

const params = {
  type: 'object',
  properties: { id: { type: 'string', description: 'As in workers; the node need not be live' } },
};
const refusals = { 400: 'No such node', 503: 'The node is starting, or ZooKeeper does not answer' };

interface Named {
  readonly Params: { readonly id: string };
}

export function addDrains(app: FastifyInstance, calls: () => DrainCalls): void {
  const schema = (operationId: string, summary: string, more: Readonly<Record<number, string>> = {}) => ({
    operationId,
    tags: ['cluster'],
    summary,
    params,
    response: {
      200: jsonAnswer('The mark is made or taken back; shards are still to be moved', drainSchema),
      ...problems({ ...refusals, ...more }),
    },
  });
  const set = async (id: string, draining: boolean) => {
    const { shardCount } = await calls().setDraining(id, draining);
    return { id, draining, shardCount };
  };
  const drain = schema('drain', 'Move all shards of a node to other nodes; it keeps running and gets none', {
    409: 'Too few other nodes for all copies; nothing was changed',
  });
  app.post<Named>('/api/kv/worker/:id/drain', { schema: drain }, ({ params: { id } }) => set(id, true));
  const undrain = schema('undrain', 'Take a drain back');
  app.post<Named>('/api/kv/worker/:id/undrain', { schema: undrain }, ({ params: { id } }) => set(id, false));
  const check = {
    operationId: 'canStop',
    tags: ['cluster'],
    summary: 'Whether every shard keeps enough in-sync copies if the node is taken down now',
    params,
    response: { 200: jsonAnswer('Which shards would have too few', canStopSchema), ...problems(refusals) },
  };
  app.get<Named>('/api/kv/worker/:id/can-stop', { schema: check }, async ({ params: { id } }) => {
    const { shards, silentNodeIds } = await calls().checkStop(id);
    return { id, canStop: shards.length === 0, shards, silentNodes: silentNodeIds };
  });
}
