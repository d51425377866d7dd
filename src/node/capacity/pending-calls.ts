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
  readonly #maxCalls: number;
  readonly #whole: PendingCalls | undefined;
  #count = 0;
  #bytes = 0;
  #lastMs = 0;

  constructor(maxBytes: number, maxCalls = maxPendingCalls, whole?: PendingCalls) {
    this.#maxBytes = maxBytes;
    this.#maxCalls = maxCalls;
    this.#whole = whole;
  }

  /** Those of one service, which count here as well: for the others half of everything is left, whatever its clients do. */
  half(): PendingCalls {
    return new PendingCalls(Math.floor(this.#maxBytes / 2), Math.floor(this.#maxCalls / 2), this);
  }

  /** Calls that have not been answered. */
  get count(): number {
    return this.#count;
  }
  /** How long no call has come in. */
  get idleMs(): number {
    return performance.now() - this.#lastMs;
  }

  /** Counted from here until its `end`, also where it is refused: somebody holds its bytes until then. */
  begin(bytes: number): PendingCall {
    this.#begun();
    const call = new PendingCall(this.#changed, this.#ended);
    call.hold(bytes);
    return call;
  }

  /** @throws KvError OVERLOADED; what has begun is counted already. */
  refuseWhatIsTooMuch(): void {
    if (this.#count > this.#maxCalls) throw new KvError('OVERLOADED', `${this.#maxCalls} calls are waiting at this node already`);
    if (this.#bytes > this.#maxBytes && this.#count > 1)
      throw new KvError('OVERLOADED', `${this.#maxBytes} bytes are waiting at this node already`);
    this.#whole?.refuseWhatIsTooMuch();
  }

  #begun(): void {
    this.#count++;
    this.#lastMs = performance.now();
    if (this.#whole !== undefined) this.#whole.#begun();
  }

  readonly #changed = (bytes: number): void => {
    this.#bytes += bytes;
    if (this.#whole !== undefined) this.#whole.#changed(bytes);
  };

  readonly #ended = (): void => {
    this.#count--;
    if (this.#whole !== undefined) this.#whole.#ended();
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
