/**
 * Counts the calls that wait at this node for their answers, and the memory that they hold: calls of all clients, to all services
 * that take single calls.
 *
 * Some of these calls are kept until their shard is served (`KeptCalls`). Kept calls take at most half of everything, so that shards
 * without a primary do not keep the node from answering calls for the others.
 */
import { KvError } from '../../errors.js';

/** The most calls that wait, of all clients together: a call takes some kilobytes beside its request. */
const maxPendingCalls = 8_192;
/** The most calls of one service that are kept: over HTTP each has a connection, and the server accepts 1,024. */
const maxKeptOfService = 512;

export class PendingCalls {
  /** A call that holds more is accepted while no other waits. */
  readonly #maxBytes: number;
  readonly #maxCalls: number;
  readonly #maxKept: number;
  readonly #whole: PendingCalls | undefined;
  #count = 0;
  #bytes = 0;
  #kept = 0;
  #keptBytes = 0;
  #lastMs = 0;

  constructor(maxBytes: number, maxCalls = maxPendingCalls, maxKept = maxCalls / 2, whole?: PendingCalls) {
    this.#maxBytes = maxBytes;
    this.#maxCalls = maxCalls;
    this.#maxKept = maxKept;
    this.#whole = whole;
  }

  /** An account for one service, whose calls count here as well. The other services keep half of everything, whatever its clients do. */
  half(): PendingCalls {
    return new PendingCalls(Math.floor(this.#maxBytes / 2), Math.floor(this.#maxCalls / 2), maxKeptOfService, this);
  }

  /** The number of calls that have not been answered. */
  get count(): number {
    return this.#count;
  }
  /** The number of calls that are kept until their shard is served. */
  get kept(): number {
    return this.#kept;
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

  /** One of the calls is kept from here until `released`, and holds this many bytes. False: the kept calls take their half already. */
  keep(bytes: number): boolean {
    const fits = this.#kept < this.#maxKept && (this.#kept === 0 || 2 * (this.#keptBytes + bytes) <= this.#maxBytes);
    if (!fits || this.#whole?.keep(bytes) === false) return false;
    this.#kept++;
    this.#keptBytes += bytes;
    return true;
  }

  released(bytes: number): void {
    this.#kept--;
    this.#keptBytes -= bytes;
    this.#whole?.released(bytes);
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
  #listener: (() => void) | undefined;

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

  /** The listener is called when the call ends, or at once if it has ended. There is one at most. */
  whenEnded(listener: () => void): void {
    if (this.#ended) return listener();
    this.#listener = listener;
  }

  /** Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#change(-this.#bytes);
    this.#onEnd();
    this.#listener?.();
  }
}
