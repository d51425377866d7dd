/** A machine with a name and an address: whatever process runs there, its clock, and the disk that outlives processes. */
import type { Disk } from './disk.js';
import type { DriftingClock } from './drifting-clock.js';
import type { SimProcess } from './sim-process.js';

export interface SimNode {
  readonly index: number;
  readonly name: string;
  readonly clock: DriftingClock;
  process: SimProcess | undefined;
  /** How many replica ids have been minted here (R1). */
  ids: number;
  /** Of the last process, with what it was called and how far it had applied; undefined once it is lost. */
  kept: { readonly disk: Disk; readonly replicaId: string; readonly appliedSeq: number } | undefined;
  /** Nothing answers here, not even a refusal: the machine is off. */
  silent: boolean;
  diskHangsUntilMs: number;
  /** What is sent of a dump for it takes so much longer. */
  dumpLateMs: number;
  /** Where the shard belongs, as this node knows; undefined: nothing has been said. */
  placed: readonly string[] | undefined;
  placedVersion: number;
  /** How long until something starts here again. */
  downMs: number;
}

const namePrefix = 'n';

export function nodeName(index: number): string {
  return `${namePrefix}${index}`;
}

/** `n2~1` is a replica of node 2. */
export function nodeIndexOf(replicaId: string): number {
  return Number.parseInt(replicaId.slice(namePrefix.length), 10);
}
