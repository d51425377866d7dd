/**
 * Merges the reports of several nodes, whole ones or changes, into one topology of one cluster. A node knows the shards that it holds;
 * of the others it knows only where they are placed. Pure.
 *
 * For each shard the report of the highest epoch counts. Within an epoch, a report of a node that is still connected counts before
 * one of a node that is not, then the primary's own report before those of others, then the last report. The list of nodes and the
 * placement have versions: the highest counts.
 */
import type { NodeInfo, ShardInfo, ShardReport, Topology, TopologyReport } from '../wire/contract/kv-api.js';

interface Reporter {
  readonly nodes: NodeInfo[];
  readonly nodesVersion: number;
  readonly placementVersion: number;
  /** False once the stream of its reports has ended: its last report may be long out of date. */
  readonly connected: boolean;
}

interface ReportedShard {
  readonly info: ShardReport;
  /** The address of the node that reported it. */
  readonly from: string;
}

export class TopologyMerge {
  #clusterId: string | undefined;
  #nodes: NodeInfo[] = [];
  #placementVersion = 0;
  readonly #reporters = new Map<string, Reporter>();
  /** By shard, then by address; the last report of a shard is at the end of its map. */
  #reported: Map<string, ReportedShard>[] = [];
  #shards: ShardInfo[] = [];

  /** Undefined before the first report. */
  get topology(): Topology | undefined {
    if (this.#clusterId === undefined) return undefined;
    const placementVersion = this.#placementVersion;
    return { clusterId: this.#clusterId, nodes: this.#nodes, shards: [...this.#shards], placementVersion };
  }

  /** Ignores a report of another cluster. @returns the shards that may be different now. */
  receive(from: string, report: TopologyReport): ReadonlySet<number> {
    if (this.#clusterId === undefined) this.#begin(report);
    if (this.#clusterId !== report.clusterId) return new Set();
    const before = this.#reporters.get(from);
    const nodes = report.partial && report.nodes.length === 0 ? (before?.nodes ?? []) : report.nodes;
    const { nodesVersion, placementVersion } = report;
    // It goes to the end of the map: the last report counts where nothing else decides.
    this.#reporters.delete(from);
    this.#reporters.set(from, { nodes, nodesVersion, placementVersion, connected: true });
    const touched = new Set(report.shards.map(({ shard }) => shard));
    const all = placementVersion !== before?.placementVersion || before?.connected === false;
    if (all) for (const shard of this.#reported.keys()) touched.add(shard);
    if (!report.partial) for (const shard of this.#forgetReports(from)) touched.add(shard);
    for (const info of report.shards) {
      const reported = this.#reported[info.shard];
      reported?.delete(from);
      reported?.set(from, { info, from });
    }
    this.#decide(touched);
    return touched;
  }

  /** A node is no longer connected: its reports count less than those of connected nodes. @returns as `receive`. */
  lose(from: string): ReadonlySet<number> {
    const reporter = this.#reporters.get(from);
    if (reporter === undefined) return new Set();
    this.#reporters.set(from, { ...reporter, connected: false });
    const touched = new Set([...this.#reported.keys()].filter((shard) => this.#reported[shard]!.has(from)));
    this.#decide(touched);
    return touched;
  }

  #begin({ clusterId, shardCount, shards }: TopologyReport): void {
    this.#clusterId = clusterId;
    // A node of an earlier version reports no count, and always every shard.
    const count = Math.max(shardCount, shards.length);
    this.#reported = Array.from({ length: count }, () => new Map());
    this.#shards = Array.from({ length: count }, (_, shard) => unknownShard(shard));
  }

  #forgetReports(from: string): number[] {
    return [...this.#reported.keys()].filter((shard) => this.#reported[shard]!.delete(from));
  }

  #decide(touched: ReadonlySet<number>): void {
    const reporters = this.#bestReporters();
    if (reporters.length > 0) {
      this.#nodes = reporters.reduce((best, one) => (one.nodesVersion >= best.nodesVersion ? one : best)).nodes;
      this.#placementVersion = Math.max(...reporters.map(({ placementVersion }) => placementVersion));
    }
    this.#forgetGoneNodes();
    for (const shard of touched) {
      const reported = this.#reported[shard];
      if (reported !== undefined) this.#shards[shard] = this.#decideOn(this.#shards[shard]!, [...reported.values()]);
    }
  }

  /** A shard never goes back to an older epoch: nodes learn of a change one by one. */
  #decideOn(before: ShardInfo, reports: readonly ReportedShard[]): ShardInfo {
    let best: ReportedShard | undefined;
    let placed: ReportedShard | undefined;
    for (const one of reports) {
      if (best === undefined || !this.#knowsMore(best, one)) best = one;
      if (placed === undefined || this.#placementOf(one.from) >= this.#placementOf(placed.from)) placed = one;
    }
    if (best === undefined || placed === undefined) return before;
    const { held: _, ...info } = best.info;
    return { ...(before.epoch > info.epoch ? before : info), placedNodeIds: placed.info.placedNodeIds };
  }

  #knowsMore(one: ReportedShard, other: ReportedShard): boolean {
    if (one.info.epoch !== other.info.epoch) return one.info.epoch > other.info.epoch;
    for (const holds of [isHeld, this.#isConnected, isOfPrimary]) if (holds(one) !== holds(other)) return holds(one);
    return false;
  }

  readonly #isConnected = ({ from }: ReportedShard): boolean => this.#reporters.get(from)?.connected === true;

  /** Below every version if the node is not connected. */
  #placementOf(from: string): number {
    const reporter = this.#reporters.get(from);
    return reporter?.connected === true ? reporter.placementVersion : -1;
  }

  /** The connected nodes, or all if none is connected. */
  #bestReporters(): Reporter[] {
    const all = [...this.#reporters.values()];
    const connected = all.filter((reporter) => reporter.connected);
    return connected.length > 0 ? connected : all;
  }

  /** Otherwise the map would grow for ever: nodes come back under new addresses. */
  #forgetGoneNodes(): void {
    const live = new Set(this.#nodes.map(({ address }) => address));
    for (const [address, { connected }] of this.#reporters) {
      if (connected || live.has(address)) continue;
      this.#reporters.delete(address);
      this.#forgetReports(address);
    }
  }
}

/** A node of an earlier version does not report whether it holds a shard, but it knows an epoch only of a shard that it holds. */
function isHeld({ info }: ReportedShard): boolean {
  return info.held || info.epoch > 0;
}

function isOfPrimary({ info, from }: ReportedShard): boolean {
  return info.primaryAddress !== '' && info.primaryAddress === from;
}

function unknownShard(shard: number): ShardInfo {
  const noPrimary = { primaryNodeId: '', primaryAddress: '', serving: false };
  return { shard, epoch: 0, ...noPrimary, replicas: [], minInSync: 0, offline: false, placedNodeIds: [] };
}
