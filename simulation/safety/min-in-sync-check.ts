/**
 * R11: a primary appends and commits only with at least `minInSync` members, each of which is in the set under every
 * outcome of the primary's proposals. Inherited entries are exempt. A primary appends nothing before it serves (R5).
 */
import type { LogEntry } from '../../src/replication/index.js';
import type { ReplicaProcess } from '../virtual/process.js';
import { require } from './violation.js';

interface Office {
  readonly epoch: number;
  /** Entries up to there are inherited. */
  readonly inheritedSeq: number;
  lastSeq: number;
  serving: boolean;
}

export class TooFew {
  readonly #minInSync: number;
  readonly #offices = new Map<ReplicaProcess, Office>();

  constructor(minInSync: number) {
    this.#minInSync = minInSync;
  }

  takesOffice(process: ReplicaProcess, epoch: number): void {
    const { lastSeq } = process.replica.status(0);
    this.#offices.set(process, { epoch, inheritedSeq: lastSeq, lastSeq, serving: false });
  }
  serves(process: ReplicaProcess): void {
    const office = this.#offices.get(process);
    require(office !== undefined, () => `${process.replicaId} serves as it takes office: its disk cannot hold the epoch yet`);
    office!.serving = true;
  }
  leavesOffice(process: ReplicaProcess): void {
    this.#offices.delete(process);
  }

  /** The process has just handled a write. */
  afterWrite(process: ReplicaProcess): void {
    const office = this.#offices.get(process);
    if (office === undefined) return;
    const { lastSeq } = process.replica.status(0);
    if (lastSeq === office.lastSeq) return;
    office.lastSeq = lastSeq;
    require(office.serving, () => `${process.replicaId} appends ${lastSeq} and does not serve yet`);
    this.#requireEnough(process, 'appends', lastSeq);
  }

  /** Applied at a primary: committed there. */
  onApply(process: ReplicaProcess, entries: readonly LogEntry[]): void {
    const office = this.#offices.get(process);
    const { seq, epoch } = entries.at(-1)!;
    // A primary that has just stepped down follows another.
    if (office === undefined || office.epoch !== process.replica.epoch || epoch !== office.epoch) return;
    if (seq > office.inheritedSeq) this.#requireEnough(process, 'commits', seq);
  }

  #requireEnough({ replicaId, knowledge }: ReplicaProcess, does: string, seq: number): void {
    if (this.#minInSync === 1) return;
    const { confirmed } = knowledge;
    require(confirmed.length >= this.#minInSync, () =>
      `${replicaId} ${does} ${seq} with ${confirmed.length} of ${this.#minInSync} members: ${confirmed.join(', ')}`);
  }
}
