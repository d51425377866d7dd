/** What one shard has on a machine: the replica that runs there, and the disk that outlives processes. */
import type { Disk } from '../virtual/disk.js';
import type { DriftingClock } from '../virtual/drifting-clock.js';
import type { Machine } from './machine.js';
import type { SimProcess } from './sim-process.js';

export class SimNode {
  readonly machine: Machine;
  process: SimProcess | undefined;
  /** How many replica ids have been minted here (R1). */
  ids = 0;
  /** Of the last process, with what it was called and how far it had applied; undefined once it is lost. */
  kept: { readonly disk: Disk; readonly replicaId: string; readonly appliedSeq: number } | undefined;
  /** What is sent of a snapshot for it takes this much longer. */
  snapshotLateMs = 0;
  /** Where the shard belongs, as this node knows; undefined: nothing has been said. */
  placed: readonly string[] | undefined;
  placedVersion = 0;

  constructor(machine: Machine, placed: readonly string[] | undefined) {
    this.machine = machine;
    this.placed = placed;
  }

  get index(): number {
    return this.machine.index;
  }
  get name(): string {
    return this.machine.name;
  }
  get clock(): DriftingClock {
    return this.machine.clock;
  }
  get silent(): boolean {
    return this.machine.silent;
  }
  get diskHangsUntilMs(): number {
    return this.machine.diskHangsUntilMs;
  }
}

const namePrefix = 'n';

export function nodeName(index: number): string {
  return `${namePrefix}${index}`;
}

/** `n2~1` is a replica of node 2. */
export function nodeIndexOf(replicaId: string): number {
  return Number.parseInt(replicaId.slice(namePrefix.length), 10);
}
