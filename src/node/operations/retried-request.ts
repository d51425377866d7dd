/**
 * The identity with which a node executes or forwards a write that it may send again after an unknown outcome (R16): that of its
 * caller, or one that the node gives.
 */
import { type ErrorCode, KvError, type ShardPosition } from '../../errors.js';
import type { RequestIdentity } from '../../replication/index.js';

/** Every attempt gets these refusals: they judge the request itself, or an entry records them. */
const settled: ReadonlySet<ErrorCode> = new Set([
  ...(['INVALID_KEY', 'INVALID_ARGUMENT', 'VALUE_TOO_LARGE', 'NOT_A_NUMBER', 'OUT_OF_RANGE'] as const),
  ...(['VERSION_MISMATCH', 'VALUE_MISMATCH'] as const),
]);
/** A position that the primary has just named is good, unless the shard has lost its data since. */
const maxMoves = 4;

export class RetriedRequest {
  /** Whether the caller chose it. */
  readonly isCallers: boolean;
  readonly #onEnd: () => void;
  #identity: RequestIdentity;
  #mayBeExecuted: boolean;
  #moves = 0;

  /** @param onEnd the number will not be sent again. */
  constructor(identity: RequestIdentity, isCallers: boolean, onEnd: () => void) {
    this.#identity = identity;
    this.isCallers = isCallers;
    this.#mayBeExecuted = !identity.isFirstAttempt;
    this.#onEnd = onEnd;
  }

  /** Of the next attempt. */
  get identity(): RequestIdentity {
    return this.#identity;
  }

  /** An attempt has failed. After one with an unknown outcome no other is the first. */
  attemptFailed({ executed }: KvError): void {
    if (executed === 'no' || this.#mayBeExecuted) return;
    this.#mayBeExecuted = true;
    this.#identity = { ...this.#identity, isFirstAttempt: false };
  }

  /** The next attempt names this position. False: only its caller may choose it, or an attempt may have been executed. */
  moveTo(position: ShardPosition): boolean {
    if (this.isCallers || this.#mayBeExecuted || ++this.#moves > maxMoves) return false;
    this.#identity = { ...this.#identity, ...position };
    return true;
  }

  /** The failure that the caller gets: after an attempt with an unknown outcome no refusal makes the write definite (G4). */
  finalOf(failure: KvError): KvError {
    const { code, executed, message } = failure;
    // The caller of a request without an identity has no use for a refusal of that identity.
    const isRefusedIdentity = code === 'REQUEST_TOO_OLD' && executed === 'unknown' && !this.isCallers;
    const isMadeUnknown = this.#mayBeExecuted && executed === 'no' && !settled.has(code);
    if (!isRefusedIdentity && !isMadeUnknown) return failure;
    if (this.isCallers || code === 'CANCELLED') return failure.with({ executed: 'unknown', cause: failure });
    const text = `an attempt may have been executed, and the last one was refused: ${message}`;
    return new KvError('OUTCOME_UNKNOWN', text, { cause: failure });
  }

  end(): void {
    this.#onEnd();
  }
}
