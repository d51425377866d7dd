/**
 * Prepares segments before they are needed, and removes those that are not needed any more. It works on a thread of its own, so
 * that batches do not wait for it.
 */
import { randomBytes } from 'node:crypto';
import type { LogThread } from './log-thread.js';
import { type OpenSegment, segmentPath, unfinishedPath } from './segment-file.js';
import { encodeSegmentHeader, type LogOwner } from './segment-header.js';

/** A file is filled and flushed in steps of this size, so that a flush at an interval waits for one step at most. */
const stepBytes = 4 * 1024 * 1024;

/** Wait after a full disk before the next attempt, unless the log has removed a segment before. */
const retryMs = 1_000;

export interface SupplyPlan {
  readonly folder: string;
  readonly owner: LogOwner;
  readonly segmentBytes: number;
  /** All segments together take at most this much. */
  readonly maxBytes: number;
  readonly thread: LogThread;
  /** An error that leaves the log unusable. A full disk is none. */
  onFailed(error: Error): void;
  /** The disk is full: segments that nothing needs must go. */
  onNoSpace(): void;
}

export class SegmentSupply {
  readonly #plan: SupplyPlan;
  /** The segments whose files are open, by number: the one in use and those that are ready. */
  readonly #open = new Map<number, OpenSegment>();
  readonly #waiting: { readonly number: number; resolve(segment: OpenSegment): void }[] = [];
  #oldest: number;
  /** The number of the next segment to prepare. */
  #next: number;
  #wanted = 0;
  #removable = 0;
  #noSpace: Error | undefined;
  #retry: NodeJS.Timeout | undefined;
  #onStuck: ((error: Error) => void) | undefined;
  #work: Promise<void> | undefined;
  #stopped = false;

  /**
   * @param oldest the number of the oldest segment, or of the first one to prepare
   * @param next the number of the first one to prepare
   * @param open the segment that is in use, and those that are ready
   */
  constructor(plan: SupplyPlan, oldest: number, next: number, open: readonly OpenSegment[]) {
    this.#plan = plan;
    this.#oldest = oldest;
    this.#next = next;
    for (const segment of open) this.#open.set(segment.number, segment);
  }

  /** The number of the oldest segment that is not removed. */
  get oldest(): number {
    return this.#oldest;
  }
  /** The number of the newest segment that is ready. */
  get newestReady(): number {
    return this.#next - 1;
  }
  /** Why the last attempt to prepare a segment found no space. Undefined: it did. */
  get noSpace(): Error | undefined {
    return this.#noSpace;
  }

  /** Prepares segments up to this one, as far as the limit and the disk allow. */
  want(number: number): void {
    this.#wanted = Math.max(this.#wanted, number);
    this.#maybeWork();
  }

  /** Resolves once the segment is ready. */
  segment(number: number): OpenSegment | Promise<OpenSegment> {
    const segment = this.#open.get(number);
    if (segment !== undefined) return segment;
    this.want(number);
    return new Promise((resolve) => this.#waiting.push({ number, resolve }));
  }

  /** Closes the file of a segment that is written to its end. */
  release(number: number): void {
    const segment = this.#open.get(number);
    if (segment === undefined || this.#stopped) return;
    this.#open.delete(number);
    this.#plan.thread.run({ kind: 'close', file: segment.file }).catch((error: Error) => this.#plan.onFailed(error));
  }

  /** Removes the segments up to this one, oldest first. */
  remove(number: number): void {
    this.#removable = Math.max(this.#removable, number);
    this.#maybeWork();
  }

  /** Resolves when nothing can be done at the moment. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** Resolves when a batch waits for a segment for which the disk or the limit has no space. */
  stuck(): Promise<Error> {
    return new Promise((resolve) => {
      this.#onStuck = resolve;
      this.#maybeStuck();
    });
  }

  /** Prepares and removes nothing any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
  }

  /** Closes all files. A preparation that is under way is given up. */
  async close(): Promise<void> {
    this.stop();
    await this.#work;
    for (const { file } of this.#open.values()) await this.#plan.thread.run({ kind: 'close', file });
    this.#open.clear();
  }

  #maybeWork(): void {
    if (this.#work !== undefined || this.#stopped) return;
    this.#work = this.#workOff().catch((error: Error) => this.#plan.onFailed(error));
  }

  #maybeStuck(): void {
    if (this.#waiting.length === 0 || this.#work !== undefined) return;
    this.#onStuck?.(this.#noSpace ?? new Error(`the log is at its limit of ${this.#plan.maxBytes} bytes`));
  }

  async #workOff(): Promise<void> {
    // The first step must not begin before `#work` is set.
    await undefined;
    const { folder, thread, segmentBytes, maxBytes } = this.#plan;
    while (!this.#stopped) {
      if (this.#oldest <= this.#removable) {
        await thread.run({ kind: 'remove', path: segmentPath(folder, this.#oldest), folder });
        this.#oldest++;
        this.#noSpace = undefined;
      } else if (
        this.#next <= this.#wanted &&
        this.#noSpace === undefined &&
        (this.#next - this.#oldest + 1) * segmentBytes <= maxBytes
      ) {
        await this.#prepare(this.#next);
      } else {
        break;
      }
    }
    this.#work = undefined;
    this.#maybeStuck();
  }

  async #prepare(number: number): Promise<void> {
    const { folder, owner, segmentBytes: bytes, thread } = this.#plan;
    const from = unfinishedPath(folder, number);
    const salt = randomBytes(4).readUInt32LE();
    let file: number | undefined;
    try {
      file = (await thread.run({ kind: 'create', path: from })).file!;
      for (let at = 0; at < bytes && !this.#stopped; at += stepBytes) {
        await thread.run({ kind: 'fill', file, from: at, to: Math.min(at + stepBytes, bytes) });
      }
      if (this.#stopped) return await this.#giveUp(file, from);
      const header = encodeSegmentHeader({ number, bytes, salt, owner });
      await thread.run({ kind: 'publish', file, header, from, to: segmentPath(folder, number), folder });
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      await this.#giveUp(file, from);
      this.#noSpace = error as Error;
      this.#retry = setTimeout(() => {
        this.#noSpace = undefined;
        this.#maybeWork();
      }, retryMs);
      this.#plan.onNoSpace();
      return;
    }
    const segment = { number, bytes, salt, file };
    this.#open.set(number, segment);
    this.#next++;
    for (const waiting of this.#waiting.splice(0)) {
      if (waiting.number === number) waiting.resolve(segment);
      else this.#waiting.push(waiting);
    }
  }

  async #giveUp(file: number | undefined, path: string): Promise<void> {
    const { thread, folder } = this.#plan;
    if (file !== undefined) await thread.run({ kind: 'close', file });
    await thread.run({ kind: 'remove', path, folder });
  }
}

/** Whether the call has failed because the disk, or the quota on it, is full. */
export function isNoSpace(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
