/**
 * Keeps calls that were refused for now, for example during a handover or after the death of a primary. Tries them again until
 * their callers stop waiting. A kept call was definitely not executed, or is a get, or has an identity by which it is recognised (R16).
 *
 * Reads and writes of one shard form a queue each. While a shard is not served, only the first call of a queue is tried: when
 * something about the shard has changed, and after a pause that grows. Once one call gets another outcome than a refusal for now,
 * the rest of its queue is tried at once.
 */
import type { KvError } from '../../errors.js';
import type { Method } from '../../metrics/index.js';
import { keepableMs, pauseBeforeAttemptMs } from './try-again.js';

/** How long the caller of an operation waits, and what it may hold meanwhile. */
export interface Patience {
  /** How long the caller still waits. */
  remainingMs(): number;
  /** False: too many calls are kept already. `released` follows otherwise. */
  keep(bytes: number): boolean;
  released(bytes: number): void;
}

/** A call that can be tried again. It is the same object in all attempts. */
export class KeptCall {
  readonly shard: number;
  readonly kind: Method;
  readonly bytes: number;
  readonly patience: Patience;
  readonly tryAgain: () => void;
  readonly refuse: (error: KvError) => void;
  readonly sinceMs = performance.now();
  readonly untilMs: number;
  lastRefusal: KvError | undefined;
  deadline: NodeJS.Timeout | undefined;

  /** @param bytes what the call holds. @param tryAgain executes it again; it may be kept again. */
  constructor(
    shard: number,
    kind: Method,
    bytes: number,
    patience: Patience,
    tryAgain: () => void,
    refuse: (error: KvError) => void,
  ) {
    this.shard = shard;
    this.kind = kind;
    this.bytes = bytes;
    this.patience = patience;
    this.tryAgain = tryAgain;
    this.refuse = refuse;
    this.untilMs = this.sinceMs + keepableMs(patience.remainingMs());
  }
}

interface Queue {
  readonly calls: Set<KeptCall>;
  attempts: number;
  timer: NodeJS.Timeout | undefined;
}

/** Calls that are tried in one turn of the event loop, so that other work is not delayed. */
const callsPerTurn = 64;

export class KeptCalls {
  readonly #random: () => number;
  /** By shard and access. An empty queue stays: its shard is likely to be tried at this moment. */
  readonly #queues = new Map<number, Queue>();
  #closedWith: KvError | undefined;

  /** @param random in [0, 1). */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Keeps the call, which got this refusal. False: it has to be refused now. */
  keep(call: KeptCall, refusal: KvError): boolean {
    const { patience, bytes } = call;
    const isFirst = call.lastRefusal === undefined;
    call.lastRefusal = refusal;
    const waitMs = call.untilMs - performance.now();
    if (this.#closedWith !== undefined || waitMs <= 0 || !patience.keep(bytes)) return false;
    const queue = this.#queueOf(call);
    if (isFirst && queue.calls.size === 0) queue.attempts = 0;
    queue.calls.add(call);
    call.deadline = setTimeout(() => this.#refuse(call, lateRefusal(call)), waitMs);
    queue.timer ??= this.#timerOf(queue);
    return true;
  }

  /** A call was served: the calls of its queue are tried now. */
  served(shard: number, kind: Method): void {
    const queue = this.#queues.get(numberOf(shard, kind));
    if (queue !== undefined) this.#tryAll(queue, [...queue.calls]);
  }

  /** Something about the shard has changed, or about the nodes: the first call of each of its queues is tried. */
  changed(shard: number): void {
    for (const kind of ['get', 'put'] as const) {
      const queue = this.#queues.get(numberOf(shard, kind));
      if (queue !== undefined) this.#hurry(queue);
    }
  }

  /** Something about the cluster has changed. */
  clusterChanged(): void {
    for (const queue of this.#queues.values()) this.#hurry(queue);
  }

  /** Every kept call is refused, and no other is kept. */
  close(refusal: KvError): void {
    this.#closedWith = refusal;
    for (const { calls } of [...this.#queues.values()]) for (const call of [...calls]) this.#refuse(call, refusal);
  }

  #hurry(queue: Queue): void {
    queue.attempts = 0;
    this.#tryFirst(queue);
  }

  #tryFirst(queue: Queue): void {
    clearTimeout(queue.timer);
    queue.timer = undefined;
    const [first] = queue.calls;
    if (first === undefined) return;
    queue.attempts++;
    this.remove(first);
    // The other calls do not depend on the answer to this one, which may take long.
    if (queue.calls.size > 0) queue.timer = this.#timerOf(queue);
    first.tryAgain();
  }

  #tryAll(queue: Queue, calls: readonly KeptCall[]): void {
    queue.attempts = 0;
    for (const call of calls.slice(0, callsPerTurn)) if (this.remove(call)) call.tryAgain();
    if (calls.length > callsPerTurn) setImmediate(() => this.#tryAll(queue, calls.slice(callsPerTurn)));
  }

  #timerOf(queue: Queue): NodeJS.Timeout {
    return setTimeout(() => this.#tryFirst(queue), pauseBeforeAttemptMs(queue.attempts, this.#random()));
  }

  #refuse(call: KeptCall, refusal: KvError): void {
    if (this.remove(call)) call.refuse(refusal);
  }

  /** False: the call is not kept at present. */
  remove(call: KeptCall): boolean {
    const queue = this.#queues.get(numberOf(call.shard, call.kind));
    if (queue?.calls.delete(call) !== true) return false;
    clearTimeout(call.deadline);
    call.patience.released(call.bytes);
    if (queue.calls.size > 0) return true;
    clearTimeout(queue.timer);
    queue.timer = undefined;
    return true;
  }

  #queueOf({ shard, kind }: KeptCall): Queue {
    const number = numberOf(shard, kind);
    const known = this.#queues.get(number);
    if (known !== undefined) return known;
    const queue: Queue = { calls: new Set(), attempts: 0, timer: undefined };
    this.#queues.set(number, queue);
    return queue;
  }
}

function numberOf(shard: number, kind: Method): number {
  return 2 * shard + (kind === 'get' ? 0 : 1);
}

/** The last refusal, and how long the node has tried. */
function lateRefusal({ lastRefusal, sinceMs }: KeptCall): KvError {
  const waitedMs = Math.round(performance.now() - sinceMs);
  return lastRefusal!.with({ cause: lastRefusal }, `${lastRefusal!.message} (the node tried for ${waitedMs} ms)`);
}
