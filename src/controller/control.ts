/**
 * What a controller does next. Pure: time comes in with each event, and what is to be done outside goes out as tasks, so that
 * the simulation runs what nodes run.
 *
 * Computing is such a task, because it takes long where there are many shards: events go on meanwhile, and a result counts as
 * long as what it was computed from is what is known.
 */
import type { NodeRegistration, VersionedPlacement, WriteOutcome } from '../coordination/index.js';
import type { Placement, PlacementNode } from '../placement/index.js';
import { Roster } from './roster.js';

export type ControllerTask =
  /** To be answered by `onComputed`. */
  | { readonly kind: 'compute'; readonly previous: Placement | undefined; readonly nodes: readonly PlacementNode[] }
  /** To be answered by `onWritten`. */
  | { readonly kind: 'write'; readonly expectedVersion: number | undefined; readonly next: Placement }
  /** What was written is not known to be there. */
  | { readonly kind: 'refresh' }
  /** `onTime` is wanted then; no event in between makes it needless, each asks for its own. */
  | { readonly kind: 'wake'; readonly afterMs: number };

interface Computation {
  readonly previous: Placement | undefined;
  /** Tells apart any two lists of nodes. */
  readonly nodesKey: string;
}

/**
 * How long the first placement of a new cluster waits for more nodes, since those that register right after it would have primaries
 * moved to them at once: until none has registered for `quietMs`, and for `mostMs` at the most.
 */
export interface FirstPlacementWait {
  readonly quietMs: number;
  readonly mostMs: number;
}

export const firstPlacementWait: FirstPlacementWait = { quietMs: 1_000, mostMs: 3_000 };
const noWait: FirstPlacementWait = { quietMs: 0, mostMs: 0 };

/** Before what was not written is tried again, if nothing was heard meanwhile. */
const retryMs = 1_000;

export class Control {
  /** Of nodes that placement waits for, because their zone and weight are not known. */
  unknownIds: readonly string[] = [];
  readonly #nodeId: string;
  readonly #roster: Roster;
  #nodes: readonly NodeRegistration[] | undefined;
  /** The znode as last read; undefined before the first reading. */
  #read: { readonly version: number | undefined } | undefined;
  /** Outlives the znode: where ZooKeeper has lost it, data still is where this says. */
  #placement: Placement | undefined;
  #connected: boolean;
  #computing: Computation | undefined;
  /** Undefined as result: it could not be computed. */
  #computed: (Computation & { readonly next: Placement | undefined }) | undefined;
  #writing: Placement | undefined;
  #retryAtMs: number | undefined;
  readonly #wait: FirstPlacementWait;
  /** When a node was seen that was not registered before: the first one, and the last one. */
  #firstJoinMs: number | undefined;
  #lastJoinMs = Number.NEGATIVE_INFINITY;

  /** `wait`: none by default. */
  constructor(nodeId: string, replaceAfterMs: number, connected: boolean, wait: FirstPlacementWait = noWait) {
    this.#nodeId = nodeId;
    this.#wait = wait;
    this.#roster = new Roster(replaceAfterMs);
    this.#connected = connected;
  }

  /** Of all that believe so the one with the lowest znode is right; the others do no harm. */
  get isController(): boolean {
    return this.#nodes !== undefined && this.#roster.controllerId === this.#nodeId;
  }

  onSession(connected: boolean, nowMs: number): ControllerTask[] {
    this.#connected = connected;
    // What is read from now on counts, and nothing older: others may have been as cut off as this node.
    if (!connected) {
      this.#nodes = undefined;
      this.#roster.forgetAbsences();
    }
    return this.#consider(nowMs);
  }

  onNodes(nodes: readonly NodeRegistration[], nowMs: number): ControllerTask[] {
    this.#noteJoins(nodes, nowMs);
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
    const { nodes, unknownIds, nextExpiryMs } = this.#roster.members(nowMs);
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

  /** In a cluster that has a placement, or had one, nothing waits. */
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
