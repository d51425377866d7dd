/** Records which nodes were primaries at which time, as the main thread's client learns it. */
import type { Topology } from '../src/index.js';

interface Observation {
  readonly atMs: number;
  /** The node id of each shard's primary, by shard. */
  readonly primaries: readonly string[];
  /** The shards whose primary is another node than before. */
  readonly moved: ReadonlySet<number>;
}

/** A description of the primaries from this moment on. */
interface Described {
  readonly atMs: number;
  readonly primary: string;
}

export interface PrimaryChange extends Described {
  readonly before: string;
}

/** Many shards that fail over together do so one after the other. Changes within this time count as one. */
const burstMs = 1_000;

export class PrimaryTimeline {
  readonly #observations: Observation[] = [];

  /** @returns the change, unless nothing changed or it belongs to the previous change */
  observe(topology: Topology, atMs: number): PrimaryChange | undefined {
    const last = this.#observations.at(-1);
    // Epoch 0: the reporting nodes have no replica of the shard, so its primary is not known.
    const primaries = topology.shards.map(({ shard, epoch, primaryNodeId }) =>
      epoch === 0 ? (last?.primaries[shard] ?? unknown) : primaryNodeId || noPrimary,
    );
    if (last === undefined) {
      this.#observations.push({ atMs, primaries, moved: new Set() });
      return undefined;
    }
    const hasMoved = (shard: number) => last.primaries[shard] !== unknown && last.primaries[shard] !== primaries[shard];
    const differing = [...primaries.keys()].filter(hasMoved);
    if (differing.length === 0) {
      this.#observations[this.#observations.length - 1] = { ...last, primaries };
      return undefined;
    }
    const isRest = primaries.length > 1 && this.#observations.length > 1 && atMs - last.atMs < burstMs;
    if (isRest) {
      this.#observations[this.#observations.length - 1] = {
        atMs: last.atMs,
        primaries,
        moved: new Set([...last.moved, ...differing]),
      };
      return undefined;
    }
    this.#observations.push({ atMs, primaries, moved: new Set(differing) });
    return { atMs, before: describe({ ...last, moved: new Set() }), primary: describe(this.#observations.at(-1)!) };
  }

  get current(): string {
    const last = this.#observations.at(-1);
    return last === undefined ? noPrimary : describe({ ...last, moved: new Set() });
  }

  at(timeMs: number): string {
    const seen = this.#observations.findLast((one) => one.atMs <= timeMs) ?? this.#observations[0];
    return seen === undefined ? noPrimary : describe({ ...seen, moved: new Set() });
  }

  get changes(): PrimaryChange[] {
    return this.#observations.slice(1).map((seen, index) => ({
      atMs: seen.atMs,
      primary: describe(seen),
      before: describe({ ...this.#observations[index]!, moved: new Set() }),
    }));
  }
}

const noPrimary = 'none';
const unknown = 'unknown';

/** The node's id if one node is primary of all shards, otherwise a short summary. */
function describe({ primaries, moved }: Observation): string {
  const [first = noPrimary] = primaries;
  if (primaries.length <= 1) return first;
  const nodes = new Set(primaries.filter((primary) => primary !== noPrimary && primary !== unknown)).size;
  const without = primaries.filter((primary) => primary === noPrimary).length;
  const words = [primaries.every((primary) => primary === first) ? first : `${nodes} ${nodes === 1 ? 'node' : 'nodes'}`];
  if (without > 0) words.push(`${without} of ${primaries.length} shards without one`);
  if (moved.size > 0) words.push(`${moved.size} of ${primaries.length} shards moved`);
  return words.join(', ');
}
