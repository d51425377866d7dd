/** Data directories and their editions, without a node. */
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Edition, Editions } from '../../coordination/index.js';
import { cluster } from './cluster-config.fixture.js';
import { DataFolder } from './data-folder.js';
import { FolderEditions } from './folder-editions.js';

const nodeId = 'node-a';
const logger = pino({ level: 'silent' });

/** The process ends in the middle of the call. */
export class ProcessEnded extends Error {}

/** One znode with compare-and-set. */
class OneEdition implements Editions {
  stored: { readonly version: number; readonly edition: Edition } | undefined;
  /** Before the next write: another process writes, or this one ends. */
  before: (() => void | Promise<void>) | undefined;
  /** After the next write: its answer is lost. */
  after: (() => void) | undefined;

  async read(): Promise<OneEdition['stored']> {
    return this.stored;
  }
  async write(_: string, expectedVersion: number | undefined, next: Edition): Promise<boolean> {
    const { before, after } = this;
    this.before = undefined;
    this.after = undefined;
    await before?.();
    if (this.stored?.version !== expectedVersion) return false;
    this.stored = { version: (expectedVersion ?? -1) + 1, edition: next };
    after?.();
    return true;
  }
  async remove(): Promise<void> {
    this.stored = undefined;
  }
}

export interface Run {
  readonly editions: FolderEditions;
  readonly isOldCopy: boolean;
  /** A planned stop. */
  stop(hasLeft?: boolean): Promise<void>;
  /** The process is killed. */
  kill(): Promise<void>;
}

/** Folders below one folder, each of which belongs to the same node. Call `killAll` at the end. */
export class CopiedFolders {
  readonly register = new OneEdition();
  readonly #base: string;
  readonly #running: Run[] = [];

  constructor(base: string) {
    this.#base = base;
  }

  pathOf(name: string): string {
    return join(this.#base, name);
  }

  async start(name = 'data'): Promise<Run> {
    const path = this.pathOf(name);
    const folder = await DataFolder.open(path);
    const kill = (): Promise<void> => folder.close(false);
    try {
      await folder.claim({ nodeId, cluster });
      const editions = await FolderEditions.begin({ folder, nodeId, register: this.register, logger });
      const stop = async (hasLeft = false): Promise<void> => {
        await editions.close({ clean: true, hasLeft });
        await folder.close(true);
      };
      const run = { editions, isOldCopy: existsSync(join(path, 'damaged')), stop, kill };
      this.#running.push(run);
      return run;
    } catch (error) {
      await kill();
      throw error;
    }
  }

  /** @returns whether the folder was taken for an old copy. */
  async startAndStop(name?: string): Promise<boolean> {
    const run = await this.start(name);
    await run.stop();
    return run.isOldCopy;
  }

  /** What an earlier version leaves. */
  async useWithoutEditions(): Promise<void> {
    const folder = await DataFolder.open(this.pathOf('data'));
    await folder.claim({ nodeId, cluster });
    await folder.close(true);
  }

  async copy(from: string, to: string): Promise<void> {
    await cp(this.pathOf(from), this.pathOf(to), { recursive: true });
  }

  async killAll(): Promise<void> {
    for (const run of this.#running.splice(0)) await run.kill();
  }
}
