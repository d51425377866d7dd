/**
 * Counts the calls that wait at this node for their answers, and the memory that they hold: calls of all clients, to all services
 * that take single calls.
 */
import { KvError } from '../../errors.js';

/** The most calls that wait, of all clients together: a call takes some kilobytes beside its request. */
const maxPendingCalls = 8_192;

export class PendingCalls {
  /** A call that holds more is accepted while no other waits. */
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

  /** An account for one service, whose calls count here as well. The other services keep half of everything, whatever its clients do. */
  half(): PendingCalls {
    return new PendingCalls(Math.floor(this.#maxBytes / 2), Math.floor(this.#maxCalls / 2), this);
  }

  /** The number of calls that have not been answered. */
  get count(): number {
    return this.#count;
  }
  /** How long no call has come in. */
  get idleMs(): number {
    return performance.now() - this.#lastMs;
  }

  /** Counts a call from here until its `end`, also if it is refused: its bytes are held until then. */
  begin(bytes: number): PendingCall {
    this.#begun();
    const call = new PendingCall(this.#changed, this.#ended);
    call.hold(bytes);
    return call;
  }

  /** @throws KvError OVERLOADED if there are too many calls or bytes. The call that is to be judged has begun already. */
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

  /** The call holds this many bytes more, until its end. */
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
