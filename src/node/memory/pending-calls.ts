/**
 * The calls that wait at this node for their answers, of all clients and all services that take single calls: how many, and
 * what they hold in memory.
 */
import { KvError } from '../../errors.js';

/** Of all clients together. */
const maxPendingCalls = 8_192;

export class PendingCalls {
  /** A single call that holds more is taken alone. */
  readonly #maxBytes: number;
  #count = 0;
  #bytes = 0;
  #lastMs = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Calls that have not been answered. */
  get count(): number {
    return this.#count;
  }
  /** How long no call has come in. */
  get quietMs(): number {
    return performance.now() - this.#lastMs;
  }

  /** Counted from here until its `end`, also where it is refused: somebody holds its bytes until then. */
  begin(bytes: number): PendingCall {
    this.#count++;
    this.#lastMs = performance.now();
    const call = new PendingCall((more) => {
      this.#bytes += more;
    }, this.#ended);
    call.hold(bytes);
    return call;
  }

  /** @throws KvError OVERLOADED; what has begun is counted already. */
  refuseWhatIsTooMuch(): void {
    if (this.#count > maxPendingCalls)
      throw new KvError('OVERLOADED', `${maxPendingCalls} calls are waiting at this node already`);
    if (this.#bytes > this.#maxBytes && this.#count > 1)
      throw new KvError('OVERLOADED', `${this.#maxBytes} bytes are waiting at this node already`);
  }

  readonly #ended = (): void => {
    this.#count--;
  };
}

export class PendingCall {
  readonly #change: (bytes: number) => void;
  readonly #onEnd: () => void;
  #bytes = 0;
  #ended = false;

  constructor(change: (bytes: number) => void, onEnd: () => void) {
    this.#change = change;
    this.#onEnd = onEnd;
  }

  /** So many bytes more, until the end. */
  hold(bytes: number): void {
    if (this.#ended) return;
    this.#bytes += bytes;
    this.#change(bytes);
  }

  /** Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#change(-this.#bytes);
    this.#onEnd();
  }
}
