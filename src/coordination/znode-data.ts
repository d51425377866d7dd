/**
 * Encodes and parses the contents of kvnode's znodes, which are JSON.
 *
 * The parsers check every field that they know, since an operator or another version may have written the znode. They
 * ignore unknown fields.
 */
import { readAddress } from '../config/index.js';
import type { FormatRange } from '../formats.js';
import type { EpochMark } from '../replication/protocol/lineage.js';
import type { ShardState } from '../replication/protocol/shard-state.js';
import type { CandidateRegistration, ClusterConfig, DurabilityMode, Edition, NodeRegistration } from './coordinator.js';
import { candidatePrefix } from './znode-paths.js';

export class MalformedZnodeError extends Error {
  /** The sentence without the znode: the node also keeps copies of such contents elsewhere. */
  readonly problem: string;

  constructor(what: string, problem: string, options?: ErrorOptions) {
    super(`${what} in ZooKeeper is malformed: ${problem}`, options);
    this.name = 'MalformedZnodeError';
    this.problem = problem;
  }
}

/**
 * A node's znode. Each process mints its `instance`, by which it distinguishes its own znodes from those of other
 * processes.
 */
export interface NodeZnode extends NodeRegistration {
  readonly instance: string;
}

/** The parent of the nodes' znodes. */
export interface NodesParent {
  /** Added to ZooKeeper's own version of the list of nodes; 0 unless ZooKeeper has lost its data. */
  readonly versionBase: number;
}

export function encode(value: ClusterConfig | NodeZnode | CandidateRegistration | NodesParent | Edition): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function encodeState(state: ShardState): Buffer {
  const lineage = state.lineage.map(({ epoch, id, removals = 0 }) => (removals === 0 ? [epoch, id] : [epoch, id, removals]));
  return Buffer.from(JSON.stringify({ ...state, lineage }));
}

/** What every version of kvnode can read in `config`, whatever the format. */
export type ConfigFormat = Pick<ClusterConfig, 'clusterId' | 'formatVersion' | 'kvnodeVersion'>;

export function parseConfigFormat(data: Buffer): ConfigFormat {
  return formatIn(new Fields('the cluster configuration', data));
}

function formatIn(fields: Fields): ConfigFormat {
  return {
    formatVersion: fields.integer('formatVersion', 1),
    kvnodeVersion: fields.optionalText('kvnodeVersion'),
    clusterId: fields.text('clusterId'),
  };
}

const durabilities = ['memory', 'interval', 'always'] as const satisfies DurabilityMode[];
const defaultSyncIntervalMs = 1_000;

export function parseConfig(data: Buffer): ClusterConfig {
  const fields = new Fields('the cluster configuration', data);
  return {
    ...formatIn(fields),
    shards: fields.integer('shards', 1),
    replicas: fields.integer('replicas', 1),
    vnodes: fields.integer('vnodes', 1),
    minInSync: fields.integer('minInSync', 1),
    beaconMs: fields.integer('beaconMs', 1),
    leaseMs: fields.integer('leaseMs', 1),
    graceMs: fields.integer('graceMs', 1),
    // A cluster that was founded before there were data directories names neither.
    durability: fields.optionalChoice('durability', durabilities) ?? 'memory',
    syncIntervalMs: fields.optionalInteger('syncIntervalMs', 1) ?? defaultSyncIntervalMs,
    restored: fields.optionalFlag('restored'),
  };
}

/** An empty znode is legal: it is created that way. */
export function parseNodesParent(data: Buffer): NodesParent {
  if (data.length === 0) return { versionBase: 0 };
  return { versionBase: new Fields('the version of the list of nodes', data).integer('versionBase', 0) };
}

export function parseEdition(data: Buffer): Edition {
  const fields = new Fields('the edition of a data directory', data);
  return { number: fields.integer('number', 1), id: fields.text('id') };
}

export function parseState(data: Buffer): ShardState {
  const fields = new Fields('the state of a shard', data);
  const primary = fields.optionalText('primary');
  const inSync = fields.texts('inSync');
  if (primary !== undefined && inSync.length === 0) fields.fail('inSync is empty though there is a primary');
  const epoch = fields.integer('epoch', 1);
  const lineage = fields.list('lineage', parseMark);
  if (lineage.at(-1)?.epoch !== epoch) fields.fail(`lineage does not end with epoch ${epoch}`);
  return {
    history: fields.text('history'),
    epoch,
    lineage,
    primary,
    inSync: inSync.sort(),
    seqFloor: fields.integer('seqFloor', 1),
    givenUp: fields.texts('givenUp'),
  };
}

/**
 * A mark is an epoch, its id, and its number of removals from the in-sync set unless that is 0: `[7, "3f9c...", 2]`.
 */
function parseMark(value: unknown): EpochMark | undefined {
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) return undefined;
  const [epoch, id, removals]: unknown[] = value;
  if (!isCount(epoch) || typeof id !== 'string' || id === '') return undefined;
  if (value.length === 2) return { epoch, id };
  return isCount(removals) ? { epoch, id, removals } : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

export function parseNode(data: Buffer): NodeZnode {
  const fields = new Fields('the registration of a node', data);
  return {
    nodeId: fields.text('nodeId'),
    address: fields.address('address') ?? fields.fail('address is missing'),
    httpAddress: fields.address('httpAddress'),
    zone: fields.optionalText('zone'),
    weight: fields.optionalInteger('weight', 1),
    framesVersion: fields.optionalInteger('framesVersion', 1),
    kvnodeVersion: fields.optionalText('kvnodeVersion'),
    formats: fields.optionalRange('formats'),
    leaving: fields.optionalFlag('leaving'),
    instance: fields.text('instance'),
  };
}

/** `prefix` is the beginning of the znode's name, and must agree with the data. */
export function parseCandidate(data: Buffer, prefix: string): CandidateRegistration {
  const fields = new Fields('the registration of a candidate', data);
  const replicaId = fields.text('replicaId');
  if (candidatePrefix(replicaId) !== prefix) fields.fail(`its name begins with ${prefix} but it belongs to replica ${replicaId}`);
  return {
    replicaId,
    nodeId: fields.text('nodeId'),
    address: fields.text('address'),
    stopping: fields.flag('stopping'),
    history: fields.optionalText('history'),
    impaired: fields.optionalFlag('impaired'),
    dataLimitBytes: fields.optionalInteger('dataLimitBytes', 1),
    diskBound: fields.optionalFlag('diskBound'),
  };
}

class Fields {
  readonly #what: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(what: string, data: Buffer) {
    this.#what = what;
    this.#values = this.#parse(data);
  }

  #parse(data: Buffer): Record<string, unknown> {
    let value: unknown;
    try {
      value = JSON.parse(data.toString('utf8'));
    } catch (cause) {
      throw new MalformedZnodeError(this.#what, 'it is not JSON', { cause });
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail('it is not a JSON object');
    return value as Record<string, unknown>;
  }

  fail(problem: string): never {
    throw new MalformedZnodeError(this.#what, problem);
  }

  integer(name: string, minimum: number): number {
    const value = this.#values[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < minimum) {
      return this.fail(`${name} must be a whole number from ${minimum}, not ${JSON.stringify(value)}`);
    }
    return value;
  }

  optionalInteger(name: string, minimum: number): number | undefined {
    return this.#values[name] === undefined ? undefined : this.integer(name, minimum);
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.fail(`${name} is missing`);
  }

  optionalText(name: string): string | undefined {
    const value = this.#values[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string' || value === '') return this.fail(`${name} must be text, not ${JSON.stringify(value)}`);
    return value;
  }

  optionalChoice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.optionalText(name);
    const choice = choices.find((one) => one === text);
    if (text !== undefined && choice === undefined) this.fail(`${name} must be one of ${choices.join(', ')}, not ${text}`);
    return choice;
  }

  address(name: string): string | undefined {
    const text = this.optionalText(name);
    const refusal = text === undefined ? undefined : readAddress(text).refusal;
    return refusal === undefined ? text : this.fail(`${name} ${JSON.stringify(text)} ${refusal}`);
  }

  texts(name: string): string[] {
    const value = this.#values[name];
    const legal = Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
    if (!legal || new Set(value).size !== value.length) return this.fail(`${name} must be a list of different texts`);
    return [...value] as string[];
  }

  list<Item>(name: string, parse: (value: unknown) => Item | undefined): Item[] {
    const value = this.#values[name];
    const items = Array.isArray(value) ? value.map(parse) : [undefined];
    const legal = items.filter((item) => item !== undefined);
    return legal.length === items.length ? legal : this.fail(`${name} is malformed: ${JSON.stringify(value)}`);
  }

  optionalRange(name: string): FormatRange | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    const { oldest, newest } = (value ?? {}) as Record<string, unknown>;
    if (isCount(oldest) && isCount(newest) && oldest <= newest) return { oldest, newest };
    return this.fail(`${name} must be a range of versions, not ${JSON.stringify(value)}`);
  }

  optionalFlag(name: string): boolean | undefined {
    return this.#values[name] === undefined ? undefined : this.flag(name);
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    return typeof value === 'boolean' ? value : this.fail(`${name} must be true or false`);
  }
}
