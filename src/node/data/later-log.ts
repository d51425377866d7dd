/** The log of a replica, as the engine of its state sees it: it exists only once the log of the node is open. */
import type { CopyName, EngineLog } from '../../storage/database/index.js';
import type { StateLog } from './replica-state.js';

/** It has everything. */
const keptLog: StateLog = { hasAppended: () => true, kept: Promise.resolve(), cover: () => {} };

export class LaterLog implements EngineLog {
  #log: StateLog | undefined;
  #begun!: () => void;
  readonly #beginning = new Promise<void>((resolve) => {
    this.#begun = resolve;
  });

  /** A replay reads the log of an earlier process, which is flushed. The log of this one follows. */
  beginReplay(): void {
    this.begin(keptLog);
  }

  begin(log: StateLog): void {
    this.#log = log;
    this.#begun();
  }

  /** There never is one. What waits for it need not wait. */
  never(): void {
    if (this.#log === undefined) this.begin(keptLog);
  }

  hasAppended(copy: CopyName, seq: number): boolean {
    return this.#log?.hasAppended(copy.resets, seq) ?? false;
  }

  get kept(): Promise<void> {
    return this.#log?.kept ?? this.#beginning;
  }
}
