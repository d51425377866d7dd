/**
 * The decisions of a controller. Pure: each event carries the time, and work outside is returned as tasks, so that the
 * simulation runs the same code as nodes.
 *
 * Computing a placement is a task, too, because it takes long where there are many shards. Events go on meanwhile. A result
 * counts only if the placement and the nodes from which it was computed have not changed.
 */
import type { NodeRegistration, VersionedPlacement, WriteOutcome } from '../coordination/index.js';
import type { Placement, PlacementNode } from '../placement/index.js';
import { Roster } from './roster.js';

export type ControllerTask =
  /** The shell answers with `onComputed`. */
  | { readonly kind: 'compute'; readonly previous: Placement | undefined; readonly nodes: readonly PlacementNode[] }
  /** The shell answers with `onWritten`. */
  | { readonly kind: 'write'; readonly expectedVersion: number | undefined; readonly next: Placement }
  /** Read `placement` again: the outcome of a write is unknown, or it was refused. */
  | { readonly kind: 'refresh' }
  /** The shell calls `onTime` after this time. A later `wake` replaces an earlier one. */
  | { readonly kind: 'wake'; readonly afterMs: number };

interface Computation {
  readonly previous: Placement | undefined;
  /** A text that is different for any two lists of nodes. */
  readonly nodesKey: string;
}

/**
 * How long the first placement of a new cluster waits for more nodes: until no node has registered for `quietMs`, but at most
 * `mostMs`. Without the wait, primaries would move at once to nodes that register a moment later.
 */
export interface FirstPlacementWait {
  readonly quietMs: number;
  readonly mostMs: number;
}

export const firstPlacementWait: FirstPlacementWait = { quietMs: 1_000, mostMs: 3_000 };
const noWait: FirstPlacementWait = { quietMs: 0, mostMs: 0 };

/** Time before a failed write is tried again, if no event comes first. */
const retryMs = 1_000;

export class Control {
  /** Ids of absent nodes whose zone and weight are unknown: placement waits for them. */
  unknownIds: readonly string[] = [];
  readonly #nodeId: string;
  readonly #roster: Roster;
  #nodes: readonly NodeRegistration[] | undefined;
  /** The znode as last read; undefined before the first read. */
  #read: { readonly version: number | undefined } | undefined;
  /** The last known placement. It outlives the znode: if ZooKeeper loses that, the data is still where this says. */
  #placement: Placement | undefined;
  #connected: boolean;
  #computing: Computation | undefined;
  /** `next` is undefined if it could not be computed. */
  #computed: (Computation & { readonly next: Placement | undefined }) | undefined;
  #writing: Placement | undefined;
  #retryAtMs: number | undefined;
  readonly #wait: FirstPlacementWait;
  readonly #replicas: number;
  #drainingIds: ReadonlySet<string> = new Set();
  /** When the first and the last new node registered. */
  #firstJoinMs: number | undefined;
  #lastJoinMs = Number.NEGATIVE_INFINITY;

  /** By default the first placement does not wait. @param replicas copies of each shard: no node drains if fewer other nodes are left */
  constructor(nodeId: string, replaceAfterMs: number, connected: boolean, wait: FirstPlacementWait = noWait, replicas = 1) {
    this.#nodeId = nodeId;
    this.#wait = wait;
    this.#replicas = replicas;
    this.#roster = new Roster(replaceAfterMs);
    this.#connected = connected;
  }

  /** True for the node with the lowest znode. Several nodes may believe so for a moment, which does no harm. */
  get isController(): boolean {
    return this.#nodes !== undefined && this.#roster.controllerId === this.#nodeId;
  }

  onSession(connected: boolean, nowMs: number): ControllerTask[] {
    this.#connected = connected;
    // Only readings from now on count: other nodes may have been cut off just as this one was.
    if (!connected) {
      this.#nodes = undefined;
      this.#roster.forgetAbsences();
    }
    return this.#consider(nowMs);
  }

  /** @param drainingIds the nodes that are drained, registered or not */
  onNodes(nodes: readonly NodeRegistration[], nowMs: number, drainingIds: readonly string[] = []): ControllerTask[] {
    this.#noteJoins(nodes, nowMs);
    this.#drainingIds = new Set(drainingIds);
    this.#nodes = nodes;
    return this.#consider(nowMs);
  }

  onPlacement(read: VersionedPlacement | undefined, nowMs: number): ControllerTask[] {
    this.#read = { version: read?.version };
    if (read !== undefined) this.#placement = read.placement;
    return this.#consider(nowMs);
  }

  onComputed(next: Placement | undefined, nowMs: number): ControllerTask[] {
    if (this.#computing !== undefined) this.#computed = { ...this.#computing, next };
    this.#computing = undefined;
    return this.#consider(nowMs);
  }

  onWritten(outcome: WriteOutcome, nowMs: number): ControllerTask[] {
    const written = this.#writing;
    this.#writing = undefined;
    if (outcome.kind === 'applied' && written !== undefined)
      return this.onPlacement({ version: outcome.version, placement: written }, nowMs);
    this.#retryAtMs = nowMs + retryMs;
    return [{ kind: 'refresh' }, { kind: 'wake', afterMs: retryMs }];
  }

  onTime(nowMs: number): ControllerTask[] {
    return this.#consider(nowMs);
  }

  #consider(nowMs: number): ControllerTask[] {
    if (!this.#connected || this.#nodes === undefined || this.#read === undefined) return [];
    this.#roster.update(this.#nodes, new Set(this.#placement?.shards.flat()), nowMs);
    const { nodes, unknownIds, nextExpiryMs } = this.#roster.members(nowMs, this.#drainingIds, this.#replicas);
    this.unknownIds = unknownIds;
    const waitsUntilMs = this.#waitsUntilMs();
    const isAble = this.isController && nodes.length > 0 && unknownIds.length === 0 && this.#writing === undefined;
    const tasks = isAble && waitsUntilMs <= nowMs ? this.#place(nodes, this.#read.version) : [];
    const isWaiting = isAble && waitsUntilMs > nowMs;
    return [...tasks, ...this.#wake(isWaiting ? earlier(nextExpiryMs, waitsUntilMs) : nextExpiryMs, nowMs)];
  }

  #noteJoins(nodes: readonly NodeRegistration[], nowMs: number): void {
    const before = new Set(this.#nodes?.map(({ nodeId }) => nodeId));
    if (nodes.every(({ nodeId }) => before.has(nodeId))) return;
    this.#firstJoinMs ??= nowMs;
    this.#lastJoinMs = nowMs;
  }

  /** Nothing waits in a cluster that has, or had, a placement. */
  #waitsUntilMs(): number {
    if (this.#placement !== undefined || this.#firstJoinMs === undefined) return Number.NEGATIVE_INFINITY;
    return Math.min(this.#lastJoinMs + this.#wait.quietMs, this.#firstJoinMs + this.#wait.mostMs);
  }

  #place(nodes: readonly PlacementNode[], expectedVersion: number | undefined): ControllerTask[] {
    const [previous, nodesKey] = [this.#placement, JSON.stringify(nodes)];
    const computed = this.#computed;
    if (computed === undefined || computed.previous !== previous || computed.nodesKey !== nodesKey) {
      if (this.#computing !== undefined) return [];
      this.#computing = { previous, nodesKey };
      return [{ kind: 'compute', previous, nodes }];
    }
    const { next } = computed;
    const isStored = expectedVersion !== undefined && next === previous;
    if (next === undefined || isStored) return [];
    this.#writing = next;
    return [{ kind: 'write', expectedVersion, next }];
  }

  #wake(nextExpiryMs: number | undefined, nowMs: number): ControllerTask[] {
    if (this.#retryAtMs !== undefined && this.#retryAtMs <= nowMs) this.#retryAtMs = undefined;
    const dueMs = Math.min(nextExpiryMs ?? Number.POSITIVE_INFINITY, this.#retryAtMs ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(dueMs) ? [{ kind: 'wake', afterMs: dueMs - nowMs }] : [];
  }
}

function earlier(one: number | undefined, other: number): number {
  return Math.min(one ?? Number.POSITIVE_INFINITY, other);
}
