/**
 * Recognises an old copy of the data directory: one from a backup, or in an image of a machine that was taken back. Its replicas
 * would return under their ids, and lack writes that they had acknowledged since (R1).
 *
 * The folder begins a new *edition* with each start, before its replicas are used, with each planned stop, and from time to time
 * while the log grows. An edition is a number and a random id. It is written to the folder first, and flushed, and then to a znode of
 * the node, by compare-and-set. So wherever the process ends, the folder names the edition in ZooKeeper: as the one that it was last
 * known to hold, or as one that was begun after that. If ZooKeeper holds another one, another copy of the folder has gone on without
 * this one. Then the replicas here get new ids, as after damage of the log. Of two copies that start at the same time with the same
 * edition, one succeeds with its compare-and-set, and the other one finds the edition of that.
 *
 * A lower number in ZooKeeper than the folder has known there, or none, says that ZooKeeper has lost its data, and nothing about the
 * folder.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Edition, Editions } from '../../coordination/index.js';
import { DamageMark } from './damage-mark.js';
import type { DataFolder } from './data-folder.js';

/** A copy of the folder that is older than this, and than the newest writes, is recognised, even if the node never stopped since. */
const editionMs = 60_000;
/** A planned stop waits this long for ZooKeeper and the disk. */
const closePatienceMs = 2_000;
/** Starts that end before ZooKeeper has their edition leave one each. The file must stay below 512 bytes (`overwriteFile`). */
const mostEditions = 8;

export interface FolderEditionsOptions {
  readonly folder: Pick<DataFolder, 'path' | 'isNew' | 'editions' | 'keepEditions'>;
  readonly nodeId: string;
  readonly register: Editions;
  readonly logger: Logger;
}

export class FolderEditions {
  readonly #options: FolderEditionsOptions;
  /** What ZooKeeper may hold of this folder, oldest first. */
  #known: readonly Edition[];
  #advancing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** ZooKeeper holds the edition of another copy. */
  #isReplaced = false;

  /**
   * Begins an edition. If the folder is an old copy it is marked as damaged before that: the mark stays until its replicas have new
   * ids. @throws KvError DATA_UNAVAILABLE or CLOSED, or MalformedZnodeError
   */
  static async begin(options: FolderEditionsOptions): Promise<FolderEditions> {
    const editions = new FolderEditions(options);
    await editions.#publish((stored) => editions.#markOldCopy(stored));
    return editions;
  }

  private constructor(options: FolderEditionsOptions) {
    this.#options = options;
    this.#known = options.folder.editions;
  }

  /** Begins a new edition from time to time. @param logPosition grows with each write */
  start(logPosition: () => number): void {
    let before = logPosition();
    this.#timer = setInterval(() => {
      const now = logPosition();
      if (now === before) return;
      before = now;
      void this.advance();
    }, editionMs);
    this.#timer.unref();
  }

  /** Begins a new edition while the node runs. What fails is logged: the next start compares with the edition before. */
  advance(): Promise<void> {
    this.#advancing = this.#advancing.then(async () => {
      if (this.#isReplaced) return;
      try {
        await this.#publish(() => this.#noteReplaced());
      } catch (err) {
        this.#options.logger.warn({ err }, 'no new edition of the data directory: an old copy of it is recognised later');
      }
    });
    return this.#advancing;
  }

  /**
   * Before the node closes its session. `clean`: copies that were made while the node ran are old from now on. `hasLeft`: the node
   * holds nothing any more. Bounded in time; never rejects.
   */
  async close({ clean, hasLeft }: { readonly clean: boolean; readonly hasLeft: boolean }): Promise<void> {
    clearInterval(this.#timer);
    if (!clean) return;
    const { nodeId, register, logger } = this.#options;
    const limit = new AbortController();
    const remove = (): Promise<void> =>
      register.remove(nodeId).catch((err: unknown) => logger.debug({ err }, 'the edition of the data stays in ZooKeeper'));
    const done = hasLeft && !this.#isReplaced ? this.#advancing.then(remove) : this.advance();
    await Promise.race([done, pause(closePatienceMs, undefined, { signal: limit.signal }).catch(() => {})]);
    limit.abort();
  }

  /** @param onOther ZooKeeper holds the edition of another copy. If the result is false, nothing is written. */
  async #publish(onOther: (stored: Edition) => Promise<boolean>): Promise<void> {
    const { folder, nodeId, register } = this.#options;
    let next: Edition | undefined;
    for (;;) {
      const stored = await register.read(nodeId);
      if (next !== undefined && stored?.edition.id === next.id) break;
      if (stored !== undefined && this.#isOther(stored.edition) && !(await onOther(stored.edition))) return;
      const number = 1 + Math.max(stored?.edition.number ?? 0, this.#known.at(-1)?.number ?? 0);
      next = { number, id: randomBytes(8).toString('hex') };
      this.#known = [...this.#known, next].slice(-mostEditions);
      await folder.keepEditions(this.#known);
      if (await register.write(nodeId, stored?.version, next)) break;
    }
    this.#known = [next];
  }

  #isOther(stored: Edition): boolean {
    const [oldest] = this.#known;
    // An edition, and no folder: the disk was replaced. Data without an edition: a copy from before there were editions.
    if (oldest === undefined) return !this.#options.folder.isNew;
    return stored.number >= oldest.number && !this.#known.some(({ id }) => id === stored.id);
  }

  async #markOldCopy(stored: Edition): Promise<boolean> {
    const { number } = stored;
    const { folder, logger } = this.#options;
    const known = this.#known.at(-1)?.number ?? 0;
    logger.error(
      { folder: folder.path, edition: known, newest: number },
      'the data directory is an old copy: another one was in use since, and writes that it has acknowledged may be missing here',
    );
    await new DamageMark(folder.path).set(`the folder is a copy of edition ${known}, and edition ${number} was in use`);
    this.#known = [stored];
    return true;
  }

  async #noteReplaced(): Promise<boolean> {
    this.#isReplaced = true;
    this.#options.logger.warn(
      'another copy of the data directory is in use; a start with this one counts as one with an old copy',
    );
    return false;
  }
}
