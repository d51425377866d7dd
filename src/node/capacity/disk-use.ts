/** The room that a data directory takes, and whether its file system has enough left, measured from time to time. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** For the status and the metrics. All numbers are 0 without a data directory. */
export interface DiskUse {
  readonly bytes: number;
  readonly maxBytes: number;
  /** Undefined while enough room is left. */
  readonly problem: string | undefined;
  /** Idempotent. */
  close(): void;
}

export const noDisk: DiskUse = { bytes: 0, maxBytes: 0, problem: undefined, close: () => {} };

const measureEveryMs = 10_000;
/** An operator is warned if less than this is left, and the data directory may still grow: the log needs room first (STORAGE_FULL). */
const littleRoomBytes = 2 ** 30;

export class MeasuredDisk implements DiskUse {
  readonly maxBytes: number;
  readonly #folder: string;
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #problem: string | undefined;
  #isMeasuring = false;

  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.maxBytes = maxBytes;
    this.#timer = setInterval(() => void this.measure(), measureEveryMs);
    this.#timer.unref();
  }

  get bytes(): number {
    return this.#bytes;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Runs every ten seconds by itself. */
  async measure(): Promise<void> {
    // On a disk that hangs a call takes a thread of Node.js's pool, which others need.
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    try {
      this.#bytes = await sizeOfFolder(this.#folder);
      const { bavail, bsize } = await statfs(this.#folder);
      this.#problem = this.#judge(bavail * bsize);
    } catch (error) {
      this.#problem = `the data directory ${this.#folder} cannot be measured: ${(error as Error).message}`;
    }
    this.#isMeasuring = false;
  }

  #judge(leftBytes: number): string | undefined {
    const growthBytes = this.maxBytes - this.#bytes;
    if (leftBytes >= Math.min(littleRoomBytes, growthBytes)) return undefined;
    return `the file system of the data directory ${this.#folder} has ${leftBytes} bytes left; once it is full, writes are refused`;
  }
}

/** The bytes of all files below the folder. Files that are removed meanwhile do not count. */
export async function sizeOfFolder(path: string): Promise<number> {
  const names = await readdir(path, { recursive: true });
  let bytes = 0;
  for (const name of names) bytes += await sizeOfFile(join(path, name));
  return bytes;
}

async function sizeOfFile(path: string): Promise<number> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
