/**
 * One topology of one cluster from what several nodes tell, whole or in changes: a node knows of the shards it holds, and of others only
 * where they are placed. Pure.
 *
 * Of a shard the highest epoch counts; of one epoch, who is still heard before who is not, the primary's own word before that
 * of others, and then what was told last. Which nodes there are, and which are to hold a shard, is told by version.
 */
import type { NodeInfo, ShardInfo, ShardReport, Topology, TopologyReport } from '../wire/contract/kv-api.js';

interface Reporter {
  readonly nodes: NodeInfo[];
  readonly nodesVersion: number;
  readonly placementVersion: number;
  /** False once its stream has ended: what it said may be long out of date. */
  readonly heard: boolean;
}

interface Told {
  readonly info: ShardReport;
  /** The address of the node that tells it. */
  readonly from: string;
}

export class TopologyMerge {
  #clusterId: string | undefined;
  #nodes: NodeInfo[] = [];
  #placementVersion = 0;
  readonly #reporters = new Map<string, Reporter>();
  /** By shard and address, what was told last at the end. */
  #told: Map<string, Told>[] = [];
  #shards: ShardInfo[] = [];

  /** Undefined before anything is told. */
  get topology(): Topology | undefined {
    if (this.#clusterId === undefined) return undefined;
    const placementVersion = this.#placementVersion;
    return { clusterId: this.#clusterId, nodes: this.#nodes, shards: [...this.#shards], placementVersion };
  }

  /** What a node of another cluster tells is left out. @returns the shards of which something else may be known now. */
  hear(from: string, report: TopologyReport): ReadonlySet<number> {
    if (this.#clusterId === undefined) this.#begin(report);
    if (this.#clusterId !== report.clusterId) return new Set();
    const before = this.#reporters.get(from);
    const nodes = report.partial && report.nodes.length === 0 ? (before?.nodes ?? []) : report.nodes;
    const { nodesVersion, placementVersion } = report;
    // At the end of the map: what was told last counts where nothing else decides.
    this.#reporters.delete(from);
    this.#reporters.set(from, { nodes, nodesVersion, placementVersion, heard: true });
    const touched = new Set(report.shards.map(({ shard }) => shard));
    const all = placementVersion !== before?.placementVersion || before?.heard === false;
    if (all) for (const shard of this.#told.keys()) touched.add(shard);
    if (!report.partial) for (const shard of this.#forgetTold(from)) touched.add(shard);
    for (const info of report.shards) {
      const told = this.#told[info.shard];
      told?.delete(from);
      told?.set(from, { info, from });
    }
    this.#decide(touched);
    return touched;
  }

  /** A node is not heard any more: others know better what they know as well. */
  lose(from: string): ReadonlySet<number> {
    const reporter = this.#reporters.get(from);
    if (reporter === undefined) return new Set();
    this.#reporters.set(from, { ...reporter, heard: false });
    const touched = new Set([...this.#told.keys()].filter((shard) => this.#told[shard]!.has(from)));
    this.#decide(touched);
    return touched;
  }

  #begin({ clusterId, shardCount, shards }: TopologyReport): void {
    this.#clusterId = clusterId;
    // A node of an earlier version tells no count, and always every shard.
    const count = Math.max(shardCount, shards.length);
    this.#told = Array.from({ length: count }, () => new Map());
    this.#shards = Array.from({ length: count }, (_, shard) => unknownShard(shard));
  }

  #forgetTold(from: string): number[] {
    return [...this.#told.keys()].filter((shard) => this.#told[shard]!.delete(from));
  }

  #decide(touched: ReadonlySet<number>): void {
    const reporters = this.#best();
    if (reporters.length > 0) {
      this.#nodes = reporters.reduce((best, one) => (one.nodesVersion >= best.nodesVersion ? one : best)).nodes;
      this.#placementVersion = Math.max(...reporters.map(({ placementVersion }) => placementVersion));
    }
    this.#forgetTheGone();
    for (const shard of touched) {
      const told = this.#told[shard];
      if (told !== undefined) this.#shards[shard] = this.#decideOn(this.#shards[shard]!, [...told.values()]);
    }
  }

  /** A shard never goes back to an older epoch: nodes learn of a change one by one. */
  #decideOn(before: ShardInfo, told: readonly Told[]): ShardInfo {
    let best: Told | undefined;
    let placed: Told | undefined;
    for (const one of told) {
      if (best === undefined || !this.#knowsMore(best, one)) best = one;
      if (placed === undefined || this.#placementOf(one.from) >= this.#placementOf(placed.from)) placed = one;
    }
    if (best === undefined || placed === undefined) return before;
    const { held: _, ...info } = best.info;
    return { ...(before.epoch > info.epoch ? before : info), placedNodeIds: placed.info.placedNodeIds };
  }

  #knowsMore(one: Told, other: Told): boolean {
    if (one.info.epoch !== other.info.epoch) return one.info.epoch > other.info.epoch;
    for (const holds of [isHeld, this.#isHeard, isOwnWord]) if (holds(one) !== holds(other)) return holds(one);
    return false;
  }

  readonly #isHeard = ({ from }: Told): boolean => this.#reporters.get(from)?.heard === true;

  /** Of those that are not heard, less than nothing. */
  #placementOf(from: string): number {
    const reporter = this.#reporters.get(from);
    return reporter?.heard === true ? reporter.placementVersion : -1;
  }

  /** Those that are heard; all, if none is. */
  #best(): Reporter[] {
    const all = [...this.#reporters.values()];
    const heard = all.filter((reporter) => reporter.heard);
    return heard.length > 0 ? heard : all;
  }

  /** Nodes come back under new addresses for ever. */
  #forgetTheGone(): void {
    const live = new Set(this.#nodes.map(({ address }) => address));
    for (const [address, { heard }] of this.#reporters) {
      if (heard || live.has(address)) continue;
      this.#reporters.delete(address);
      this.#forgetTold(address);
    }
  }
}

/** A node of an earlier version does not say whether it holds a shard; only one that did knew an epoch. */
function isHeld({ info }: Told): boolean {
  return info.held || info.epoch > 0;
}

function isOwnWord({ info, from }: Told): boolean {
  return info.primaryAddress !== '' && info.primaryAddress === from;
}

function unknownShard(shard: number): ShardInfo {
  const nobodyLeads = { primaryNodeId: '', primaryAddress: '', serving: false };
  return { shard, epoch: 0, ...nobodyLeads, replicas: [], minInSync: 0, offline: false, placedNodeIds: [] };
}
