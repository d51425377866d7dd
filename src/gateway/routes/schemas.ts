/** JSON Schemas of answers, for the OpenAPI document. */
import { errorTraits } from '../../errors.js';
import { problemType } from './problem.js';

export type Schema = Readonly<Record<string, unknown>>;

export function jsonAnswer(description: string, schema: Schema): Schema {
  return { description, content: { 'application/json': { schema } } };
}

export function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

export const text = { type: 'string' } as const;
export const flag = { type: 'boolean' } as const;
export const count = { type: 'integer', minimum: 0 } as const;

export const version = { type: 'integer', minimum: 0, description: 'Grows with every write of the key; below 2^53' };
export const node = {
  type: 'string',
  description: 'Id of the node that answered: the primary, also when the request was sent to another node',
};

const position = {
  type: 'string',
  description: 'A position of the shard of the key, as history:seq. A write may name it together with an Idempotency-Key',
};
export const nodeHeader = { 'Kv-Node': node, 'Kv-Position': position };
export const expiresInMs = {
  ...count,
  description: 'How long the key still exists if nothing writes it, in milliseconds; missing: it does not expire',
};
export const expiryHeader = { 'Kv-Expires-In-Ms': expiresInMs };
export const etagHeader = { ETag: { type: 'string', description: 'The version, in double quotes' } };

export const livenessSchema = object({ alive: { const: true } });
export const readinessSchema = object({ ready: flag, reasons: list(text) });

export const putSchema = object({
  version,
  node,
  replicas: {
    ...list(text),
    description:
      'Ids of nodes that have acknowledged the write, the primary first: the in-sync set, as the primary reports it right after',
  },
});

export const deleteSchema = object({ existed: flag, version, node });

const nodeEntry = {
  id: text,
  address: { type: 'string', description: 'host:port for gRPC' },
  httpAddress: { type: 'string', description: 'host:port for HTTP, where the node has it' },
  zone: text,
  weight: count,
  leaving: { type: 'boolean', description: 'It is stopping for good' },
  draining: { type: 'boolean', description: 'It is drained: it keeps running, and its shards move to other nodes' },
};
const notAlways = ['httpAddress', 'zone'];

const historyPosition = object({ history: text, epoch: count, epochId: text, removals: count });

const heldShard = object(
  {
    shard: count,
    role: { enum: ['primary', 'backup', 'joiner', 'claimant'] },
    epoch: count,
    serving: flag,
    complete: flag,
    keyCount: count,
    dataBytes: count,
    held: { ...historyPosition, description: 'The history that its data belongs to; missing: it holds no complete copy' },
    found: {
      ...historyPosition,
      description: 'The history that ZooKeeper names, if it is another one: the data is kept, and not served',
    },
  },
  ['held', 'found'],
);

const figures = {
  version: text,
  uptimeMs: count,
  zookeeper: { enum: ['connected', 'suspended'] },
  warnings: list(text),
  keyCount: count,
  dataBytes: count,
  dataLimitBytes: count,
  memoryBytes: count,
  maxMemoryBytes: count,
  durability: {
    enum: ['memory', 'interval', 'always'],
    description: 'What a node has done with a write before it is acknowledged: kept it, written it, or flushed it to disk',
  },
  formatInUse: { type: 'integer', minimum: 0, description: 'The version of the format that the cluster uses' },
  oldestFormat: { type: 'integer', minimum: 0, description: 'The oldest version of the format that the node supports' },
  newestFormat: { type: 'integer', minimum: 0, description: 'The newest version of the format that the node supports' },
  diskBytes: { ...count, description: 'Room that the data directory takes; 0: there is none' },
  maxDiskBytes: count,
  state: {
    enum: ['memory', 'lmdb', 'postgres'],
    description: 'Where the data is; missing: an earlier version, which does not report it',
  },
  stateLag: { ...count, description: 'Entries that are applied and not committed in the database yet' },
  stateImpaired: { type: 'boolean', description: 'The database has not answered for --state-timeout-ms' },
  logLinesDropped: count,
  openDescriptors: count,
  maxDescriptors: count,
  shards: list(heldShard),
};

const copies = {
  shard: count,
  copiesLeft: { ...count, description: 'In-sync copies that would be left, on nodes that answer' },
  copiesNeeded: { ...count, description: 'minInSync, and at least one' },
};

export const drainSchema = object({
  id: text,
  draining: flag,
  shardCount: { ...count, description: 'Shards that were placed on the node when the request came' },
});

export const canStopSchema = object({
  id: text,
  canStop: flag,
  shards: { ...list(object(copies)), description: 'The shards that would have too few in-sync copies' },
  silentNodes: { ...list(text), description: 'Nodes that did not answer: their copies do not count' },
});

export const nodesSchema = object({ nodes: list(object(nodeEntry, notAlways)) });

export const heldSchema = object(
  {
    ...nodeEntry,
    ...figures,
    keys: list(object({ shard: count, key: text, version, valueBytes: count, expiresInMs }, ['expiresInMs'])),
    next: { type: 'string', description: 'cursor of the next page; missing with the last' },
  },
  [...notAlways, 'next'],
);

const problem = { type: 'string', description: 'Why the node did not answer; then its figures are missing' };

export const clusterSchema = object({
  clusterId: text,
  placementVersion: count,
  nodes: list(object({ ...nodeEntry, ...figures, problem }, [...notAlways, ...Object.keys(figures), 'problem'])),
  shards: list(
    object(
      {
        shard: count,
        slots: object({ first: count, last: count }),
        epoch: count,
        primary: { type: 'string', description: 'Missing while none is known' },
        inSync: list(text),
        joining: list(text),
        placed: list(text),
        minInSync: count,
        offline: flag,
        serving: flag,
      },
      ['primary'],
    ),
  ),
});

const problemSchema = object(
  {
    type: text,
    title: text,
    status: count,
    detail: text,
    code: { type: 'string', description: `One of docs/errors.md (${Object.keys(errorTraits).length} codes), or of HTTP alone` },
    executed: { enum: ['no', 'unknown'], description: 'no: definitely not executed. unknown: it may have been' },
    currentVersion: version,
    primaryAddress: text,
    clusterId: { type: 'string', description: 'With WRONG_CLUSTER: the cluster that the node belongs to' },
  },
  ['currentVersion', 'primaryAddress', 'clusterId'],
);

/** The meaning of each status here. In addition, any request may be refused for its form. */
export function problems(meanings: Readonly<Record<number, string>>): Schema {
  const entries = Object.entries({ ...meanings, default: 'The request cannot be answered, or a fault of the node: see code' });
  return Object.fromEntries(
    entries.map(([status, description]) => [status, { description, content: { [problemType]: { schema: problemSchema } } }]),
  );
}
