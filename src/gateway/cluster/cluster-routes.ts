/** The routes of the cluster: its nodes, what each holds, and the cluster as all nodes see it. */
import type { FastifyInstance } from 'fastify';
import type { NodeRegistration } from '../../coordination/index.js';
import { KvError } from '../../errors.js';
import { cached } from '../routes/cached.js';
import { HttpRefusal } from '../routes/problem.js';
import type { Routes } from '../routes/routes.js';
import { clusterSchema, heldSchema, jsonAnswer, nodesSchema, problems } from '../routes/schemas.js';
import { clusterToJson, type NodeFigures, registrationToJson, type TopologyFacts } from './cluster-json.js';
import { addDrains, type DrainCalls } from './drain-routes.js';
import { heldKeys, type KeyPages } from './held-keys.js';

/** Queries to the nodes. Each throws a KvError if a node does not answer. */
export interface ClusterView extends DrainCalls {
  readonly nodes: readonly NodeRegistration[];
  isDraining(nodeId: string): boolean;
  status(node: NodeRegistration): Promise<NodeFigures>;
  listKeys(node: NodeRegistration, request: Parameters<KeyPages>[0]): ReturnType<KeyPages>;
  topology(): Promise<TopologyFacts>;
}

const defaultPageKeys = 100;
const maxPageKeys = 1_000;

export function clusterRoutes(view: () => ClusterView): Routes {
  return (app) => {
    addNodes(app, view);
    addNode(app, view);
    addCluster(app, view);
    addDrains(app, view);
  };
}

function addNodes(app: FastifyInstance, view: () => ClusterView): void {
  const schema = {
    operationId: 'workers',
    tags: ['cluster'],
    summary: 'The nodes, in the order of their registration',
    response: { 200: jsonAnswer('The registered nodes', nodesSchema), ...problems(unavailable) },
  };
  app.get('/api/kv/workers', { schema }, async () => ({ nodes: registrations(view()) }));
}

function addNode(app: FastifyInstance, view: () => ClusterView): void {
  const schema = {
    operationId: 'worker',
    tags: ['cluster'],
    summary: 'What one node holds: its shards, and its keys a page at a time',
    params: { type: 'object', properties: { id: { type: 'string', description: 'As in workers' } } },
    querystring: {
      type: 'object',
      properties: {
        limit: { type: 'integer', minimum: 0, maximum: maxPageKeys, default: defaultPageKeys, description: '0: no keys' },
        cursor: { type: 'string', description: 'next of the page before' },
      },
    },
    response: {
      200: jsonAnswer('A page is not a snapshot of one moment: a concurrent write may or may not be seen', heldSchema),
      ...problems({ ...unavailable, 400: 'limit or cursor is invalid', 404: 'No node of that id is registered' }),
    },
  };
  app.get<{ Params: { id: string }; Querystring: Query }>('/api/kv/worker/:id', { schema }, async ({ params, query }) => {
    const limit = limitOf(query);
    const nodes = view();
    const node = nodes.nodes.find(({ nodeId }) => nodeId === params.id);
    if (node === undefined) throw new HttpRefusal(404, 'NODE_NOT_FOUND', 'no node of that id is registered');
    const status = await nodes.status(node);
    const shards = status.replicas.map(({ shard }) => shard);
    const page = await heldKeys(shards, { limit, cursor: query.cursor }, (request) => nodes.listKeys(node, request));
    return { ...registrationToJson(node, nodes.isDraining(node.nodeId)), ...figuresOf(status), ...page };
  });
}

function addCluster(app: FastifyInstance, view: () => ClusterView): void {
  const schema = {
    operationId: 'cluster',
    tags: ['cluster'],
    summary: 'The cluster as all nodes together see it, and their warnings',
    response: {
      200: jsonAnswer('A node that does not answer has a problem instead of figures', clusterSchema),
      ...problems(unavailable),
    },
  };
  // It costs each node two calls, and the answer is long with many shards.
  const read = cached(async () => {
    const cluster = view();
    const [topology, nodes] = await Promise.all([
      cluster.topology(),
      Promise.all(
        cluster.nodes.map(async (node) => ({
          ...registrationToJson(node, cluster.isDraining(node.nodeId)),
          ...(await cluster.status(node).then(figuresOf, (error: unknown) => ({ problem: reasonOf(error) }))),
        })),
      ),
    ]);
    return JSON.stringify(clusterToJson(topology, nodes));
  });
  app.get('/api/cluster', { schema }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(await read()),
  );
}

function registrations(view: ClusterView) {
  return view.nodes.map((node) => registrationToJson(node, view.isDraining(node.nodeId)));
}

const unavailable = {
  503: 'The node is starting, or the requested node does not answer',
  504: 'The requested node does not answer in time',
};

interface Query {
  readonly limit?: string;
  readonly cursor?: string;
}

function limitOf({ limit = String(defaultPageKeys) }: Query): number {
  if (typeof limit === 'string' && /^\d{1,6}$/.test(limit) && Number(limit) <= maxPageKeys) return Number(limit);
  throw new KvError('INVALID_ARGUMENT', `limit must be a whole number from 0 to ${maxPageKeys}`);
}

function figuresOf({ replicas, version, uptimeMs, zookeeper, keys, warnings, ...figures }: NodeFigures) {
  const { dataBytes, dataLimitBytes, memoryBytes, maxMemoryBytes, durability, diskBytes, maxDiskBytes } = figures;
  const { formatInUse, oldestFormat, newestFormat, logLinesDropped, openDescriptors, maxDescriptors } = figures;
  const { state, stateLag, stateImpaired } = figures;
  return {
    version,
    uptimeMs,
    zookeeper,
    warnings,
    keyCount: keys,
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
    state: state || undefined,
    stateLag,
    stateImpaired,
    logLinesDropped,
    openDescriptors,
    maxDescriptors,
    shards: replicas.map((replica) => ({
      shard: replica.shard,
      role: replica.role,
      epoch: replica.epoch,
      serving: replica.serving,
      complete: replica.complete,
      keyCount: replica.keys,
      dataBytes: replica.dataBytes,
      held: replica.held ?? undefined,
      found: replica.found ?? undefined,
    })),
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof KvError) return error.message;
  throw error;
}
