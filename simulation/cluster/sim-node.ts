/** One shard's part of a machine: the replica that runs there, and the disk that outlives processes. */
import type { Disk } from '../virtual/disk.js';
import type { DriftingClock } from '../virtual/drifting-clock.js';
import type { VirtualDatabase } from '../virtual/virtual-database.js';
import type { Machine } from './machine.js';
import type { SimProcess } from './sim-process.js';

export class SimNode {
  readonly machine: Machine;
  process: SimProcess | undefined;
  /** The number of replica ids that were created here (R1). */
  ids = 0;
  /**
   * The disk of the last process, its replica id, the last entry that it had applied, and when it ended, on the clock of the
   * machine. Undefined once the disk is lost.
   */
  kept: { readonly disk: Disk; readonly appliedSeq: number; readonly endedMs: number } | undefined;
  /** The part of the node's database that the shard has. Undefined: the applied state is in memory, or nothing has been stored. */
  database: VirtualDatabase | undefined;
  /** What is sent of a snapshot for it takes this much longer. */
  snapshotLateMs = 0;
  /** The nodes where the shard belongs, as far as this node knows. Undefined: it has learnt of no placement. */
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
  get stateAwayUntilMs(): number {
    return this.machine.stateAwayUntilMs;
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
