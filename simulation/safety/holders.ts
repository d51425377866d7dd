/** A member of the in-sync set whose data exists holds, durably, every committed entry (R6). */
import type { Disk } from '../virtual/disk.js';
import type { HistoryModel } from './history-model.js';
import { require } from './violation.js';

export class Holders {
  readonly #model: HistoryModel;
  /**
   * The number of committed entries that each disk has been found to hold, in which generation, and since which of
   * its cuts.
   */
  readonly #verified = new Map<string, { readonly generation: number; readonly cuts: number; readonly count: number }>();

  constructor(model: HistoryModel) {
    this.#model = model;
  }

  /** Entries have been taken back from this disk since it was checked. */
  wasCut({ replicaId, cuts }: Disk): boolean {
    return cuts !== (this.#verified.get(replicaId)?.cuts ?? 0);
  }

  check(disk: Disk | undefined): void {
    if (disk === undefined || disk.destroyed) return;
    const { order, generation } = this.#model;
    const { replicaId: id, cuts } = disk;
    require(disk.complete || order.length === 0, () => `${id} is in sync with a half-laid snapshot`);
    const done = this.#verified.get(id);
    const isSameDisk = done?.cuts === cuts && done.generation === generation;
    for (let index = isSameDisk ? done.count : 0; index < order.length; index += 1) {
      const { seq, epoch } = order[index]!;
      const isHeld = seq <= disk.baseSeq || disk.entryAt(seq)?.epoch === epoch;
      require(isHeld, () => `${id} is in sync without the committed entry ${seq} of epoch ${epoch}`);
    }
    this.#verified.set(id, { generation, cuts, count: order.length });
  }
}
