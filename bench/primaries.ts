/** Which node was primary when, as far as the main thread's client has heard. */
import type { Topology } from '../src/index.js';

interface Observation {
  readonly atMs: number;
  readonly primary: string;
}

export interface PrimaryChange extends Observation {
  readonly before: string;
}

export class PrimaryTimeline {
  readonly #observations: Observation[] = [];

  /** @returns the change, if it is one. */
  observe(topology: Topology, atMs: number): PrimaryChange | undefined {
    const primary = primaryOf(topology);
    const before = this.#observations.at(-1)?.primary;
    if (primary === before) return undefined;
    this.#observations.push({ atMs, primary });
    return before === undefined ? undefined : { atMs, before, primary };
  }

  get current(): string {
    return this.#observations.at(-1)?.primary ?? noPrimary;
  }

  at(timeMs: number): string {
    return this.#observations.findLast((seen) => seen.atMs <= timeMs)?.primary ?? this.#observations[0]?.primary ?? noPrimary;
  }

  get changes(): PrimaryChange[] {
    return this.#observations.slice(1).map((seen, index) => ({ ...seen, before: this.#observations[index]!.primary }));
  }
}

const noPrimary = 'none';

/** Node ids; of several shards every primary once. */
function primaryOf(topology: Topology): string {
  const ids = new Set(topology.shards.map((shard) => shard.primaryNodeId || noPrimary));
  return ids.size === 0 ? noPrimary : [...ids].join('+');
}
