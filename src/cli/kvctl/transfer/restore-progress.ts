/**
 * How far a restore of a file has come, in a file beside it: with `--resume` the next one goes on there. The file is written after
 * each batch, so after a crash of kvctl at most the batch under way is written again. After a crash of the machine it may be older, and
 * more is written again.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { KvError } from '../../../errors.js';

const formatVersion = 1;

interface RestoreProgress {
  readonly formatVersion: number;
  /** Identifies the dump (`DumpReading.digest`). */
  readonly dump: string;
  readonly clusterId: string;
  /** The first records of the dump, which are all in the cluster. */
  readonly records: number;
}

export class ProgressFile {
  readonly path: string;
  readonly #dump: string;
  readonly #clusterId: string;

  constructor(dumpPath: string, dump: string, clusterId: string) {
    this.path = `${dumpPath}.restore-progress`;
    this.#dump = dump;
    this.#clusterId = clusterId;
  }

  /** @returns the number of records that are restored; 0 if there is no progress of this dump into this cluster. */
  async read(): Promise<number> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      const message = `${this.path}, the progress of an earlier restore, cannot be read: ${(error as Error).message}`;
      throw new KvError('INVALID_OPTION', message, { cause: error });
    }
    const found = parse(text);
    const isOurs = found?.formatVersion === formatVersion && found.dump === this.#dump && found.clusterId === this.#clusterId;
    return isOurs && Number.isSafeInteger(found.records) ? Math.max(0, found.records!) : 0;
  }

  async write(records: number): Promise<void> {
    const progress: RestoreProgress = { formatVersion, dump: this.#dump, clusterId: this.#clusterId, records };
    const next = `${this.path}.new`;
    await writeFile(next, `${JSON.stringify(progress)}\n`);
    await rename(next, this.path);
  }

  /** The restore is complete. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

function parse(text: string): Partial<RestoreProgress> | undefined {
  try {
    return (JSON.parse(text) as Partial<RestoreProgress> | null) ?? undefined;
  } catch {
    // A file that is no progress is as none: the restore begins at the first record, and keys that exist stay as they are.
    return undefined;
  }
}
