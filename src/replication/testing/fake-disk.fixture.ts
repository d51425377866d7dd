/**
 * A replica's disk: the log as it would be found after a crash. Writes are done in order; each takes effect on the
 * image only when it completes, and not before it is allowed to while the disk hangs.
 */

import type { Change } from '../protocol/effect.js';
import type { Epoch, Seq } from '../protocol/ids.js';
import type { Line } from '../protocol/lineage.js';
import type { LogEntry } from '../protocol/log-entry.js';

export class FakeDisk {
  /** True: writes are accepted and do not complete. */
  hangs = false;
  epoch: Epoch = 0;
  line: Line | undefined;
  complete = true;
  baseSeq: Seq = 0;
  entries: LogEntry[] = [];
  /** Grows whenever entries are taken back. */
  cuts = 0;
  #pending: { readonly write: number; readonly change: Change }[] = [];

  get lastSeq(): Seq {
    return this.baseSeq + this.entries.length;
  }
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  entryAt(seq: Seq): LogEntry | undefined {
    return this.entries[seq - this.baseSeq - 1];
  }

  write(write: number, change: Change): void {
    this.#pending.push({ write, change });
  }

  /** Completes the oldest write; returns its number. */
  completeOne(): number | undefined {
    const oldest = this.#pending.shift();
    if (oldest === undefined) return undefined;
    this.#take(oldest.change);
    return oldest.write;
  }

  #take(change: Change): void {
    switch (change.type) {
      case 'append':
        for (const entry of change.entries) {
          if (entry.seq !== this.lastSeq + 1) throw new Error(`disk: entry ${entry.seq} written after ${this.lastSeq}`);
          this.entries.push(entry);
        }
        return;
      case 'truncate':
        this.entries.length = Math.max(0, change.afterSeq - this.baseSeq);
        this.cuts++;
        return;
      case 'epoch':
        if (this.line !== undefined && this.line.history !== change.history)
          throw new Error(`disk: history ${change.history} written over data of ${this.line.history}`);
        this.epoch = change.epoch;
        return;
      case 'line':
        this.line = change.line;
        return;
      case 'reset':
      case 'rebase':
        this.baseSeq = change.baseSeq;
        this.entries = change.type === 'rebase' ? [...change.entries] : [];
        this.cuts++;
        if (change.type === 'reset') {
          this.complete = change.complete;
          this.line = undefined;
        }
        return;
      case 'complete':
        this.complete = true;
        return;
      case 'load':
        return;
    }
  }
}
