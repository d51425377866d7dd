/**
 * Reads whose pages are brought to memory by the thread pool before they are executed in the event loop. All reads that are asked for in
 * one turn travel together.
 *
 * The pool has four threads for the whole process, so this takes at most two of them, also while the disk hangs.
 */
import type { LmdbEnvironment } from './lmdb-environment.js';

/** Two at a time have twice the rate of one where the disk is an SSD. */
const mostUnderWay = 2;
/** In one call of the pool, so that those of a turn are shared between the two. */
const mostKeys = 32;

interface WaitingRead {
  readonly recordKey: Buffer;
  execute(): void;
}

export class PrefetchedReads {
  readonly #environment: LmdbEnvironment;
  readonly #refresh: () => void;
  #waiting: WaitingRead[] = [];
  #underWay = 0;
  #isScheduled = false;

  /** @param refresh is called before reads are executed, in each turn. */
  constructor(environment: LmdbEnvironment, refresh: () => void) {
    this.#environment = environment;
    this.#refresh = refresh;
  }

  read<T>(recordKey: Buffer, read: (recordKey: Buffer) => T): Promise<T> {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#start();
      });
    }
    return new Promise((resolve, reject) => {
      const execute = (): void => {
        try {
          resolve(read(recordKey));
        } catch (error) {
          reject(error);
        }
      };
      this.#waiting.push({ recordKey, execute });
    });
  }

  #start(): void {
    while (this.#underWay < mostUnderWay && this.#waiting.length > 0) {
      const reads = this.#waiting.splice(0, mostKeys);
      this.#underWay++;
      void this.#environment.prefetch(
        reads.map(({ recordKey }) => recordKey),
        () => {
          this.#underWay--;
          this.#refresh();
          for (const read of reads) read.execute();
          this.#start();
        },
      );
    }
  }
}
