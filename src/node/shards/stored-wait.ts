/**
 * How long an operation waits for stored values that come by a promise, and for its turn behind operations that do. It is definitely
 * not executed while it waits, nor after it was given up.
 */
import { KvError } from '../../errors.js';
import { DatabaseError } from '../../storage/database/index.js';

/** Bounds the wait of an operation whose caller has set no earlier deadline. */
export const maxStoredWaitMs = 10_000;

/** An operation that waits. */
export interface WaitingForStored {
  /** How long it may wait. */
  readonly storedWaitMs: number;
  /** Its caller does not wait for the answer any more. */
  readonly isGivenUp: boolean;
  failed(error: unknown): void;
}

/** All waits of one shard. */
export class StoredWaits {
  readonly #waits = new Set<StoredWait>();

  /** @param epoch that of the primary at which the operation waits */
  begin(operation: WaitingForStored, epoch: number): StoredWait {
    const wait = new StoredWait(operation, epoch, () => this.#waits.delete(wait));
    this.#waits.add(wait);
    return wait;
  }

  /** Fails the operations that wait at a primary that has lost its role: another node may serve them now. */
  failUnless(isPrimaryIn: (epoch: number) => boolean, refusal: () => KvError): void {
    for (const wait of [...this.#waits]) if (!isPrimaryIn(wait.epoch)) wait.fail(refusal());
  }
}

export class StoredWait {
  readonly epoch: number;
  readonly #operation: WaitingForStored;
  readonly #onEnd: () => void;
  readonly #over: Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #resolveOver!: () => void;
  #isOver = false;

  constructor(operation: WaitingForStored, epoch: number, onEnd: () => void) {
    this.epoch = epoch;
    this.#operation = operation;
    this.#onEnd = onEnd;
    const { storedWaitMs } = operation;
    this.#over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
    this.#timer = setTimeout(() => this.fail(notFoundIn(storedWaitMs)), storedWaitMs);
  }

  /** The operation waits no longer. @returns whether it goes on. */
  end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#onEnd();
    return !this.#operation.isGivenUp;
  }

  /** An operation that is still waiting fails. Operations that wait behind it go on. */
  readonly fail = (error: unknown): void => {
    this.#resolveOver();
    if (this.end()) this.#operation.failed(error instanceof DatabaseError ? unavailable(error) : error);
  };

  /** The time is over, or the operation has gone on. */
  get isOver(): boolean {
    return this.#isOver || this.#operation.isGivenUp;
  }

  /** Calls `then` with what was found, unless the time is over before. Resolves in either case. */
  async until<Found>(found: Promise<Found>, then: (found: Found) => void): Promise<void> {
    const goOn = (value: Found): void => {
      if (!this.end()) return;
      try {
        then(value);
      } catch (error) {
        this.#operation.failed(error);
      }
    };
    await Promise.race([found.then(goOn), this.#over]);
  }
}

function unavailable(cause: DatabaseError): KvError {
  return new KvError('STORAGE_UNAVAILABLE', `the database of the primary: ${cause.message}`, { cause });
}

function notFoundIn(waitMs: number): KvError {
  return new KvError('STORAGE_UNAVAILABLE', `the database of the primary has not answered within ${Math.round(waitMs)} ms`);
}
