/**
 * Chooses what a client calls for a request of the plan. Most unconditional puts become something richer: a transaction, with
 * comparisons and another branch or without, or one of the other changes.
 *
 * Beside each key there is a counter, which only increments by 1 write, another number, and a text that grows.
 */
import type { Call, KeyedCall, Operation } from '../../verification/index.js';
import { partsOf } from '../../verification/index.js';
import type { RequestKind } from '../plan/decision.js';
import type { Random } from '../plan/random.js';
import { counterBeside } from '../safety/history-model.js';

interface Seen {
  readonly version: number;
  readonly value: string | undefined;
}

/** Increments beyond it are refused, with everything else in their transaction. */
const highestCount = '4';
const maxTextBytes = 12;
const shareOfGetAndDelete = 0.4;

export class ClientCalls {
  readonly #random: Random;
  readonly #uniqueValue: () => string;
  /** What the client saw last under each key. */
  readonly #seen = new Map<string, Seen>();

  constructor(random: Random, uniqueValue: () => string) {
    this.#random = random;
    this.#uniqueValue = uniqueValue;
  }

  /** `others`: further keys of the same shard. */
  choose(op: RequestKind, key: string, others: readonly string[]): Call {
    const version = this.#seen.get(key)?.version;
    if (op === 'get') return { kind: 'get' };
    if (op === 'deleteIfSeen' && version) return { kind: 'delete', ifVersion: version };
    if (op === 'delete' || op === 'deleteIfSeen')
      return this.#random.chance(shareOfGetAndDelete) ? { kind: 'getAndDelete' } : { kind: 'delete' };
    const value = this.#uniqueValue();
    if (op === 'putIfAbsent') return { kind: 'put', value, ifVersion: 0 };
    if (op === 'putIfSeen' && version !== undefined) return { kind: 'put', value, ifVersion: version };
    // By the value, so that half of them stay plain.
    return value.charCodeAt(value.length - 1) % 2 === 0 ? this.#chooseChange(key, value, others) : { kind: 'put', value };
  }

  note(operation: Operation): void {
    if (operation.outcome.kind === 'mismatch')
      this.#seen.set(operation.key, { version: operation.outcome.version, value: undefined });
    for (const { key, call, result } of partsOf(operation)) {
      if (result === undefined || !('version' in result)) this.#seen.set(key, { version: 0, value: undefined });
      else {
        const value = 'value' in call ? call.value : 'value' in result ? result.value : undefined;
        this.#seen.set(key, { version: result.version, value });
      }
    }
  }

  #chooseChange(key: string, value: string, others: readonly string[]): Call {
    const counted = { key: counterBeside(key), call: { kind: 'increment', by: '1' } } as const;
    const put = { key, call: { kind: 'put', value } } as const;
    const pick = this.#random.next();
    if (pick < 0.3) return transaction([put, counted]);
    if (pick < 0.6) return this.#guarded(key, [put, { key, call: { kind: 'get' } }, counted], others);
    if (pick < 0.75) {
      const text = { key: textBeside(key), call: this.#textChange(value) };
      return transaction([text, counted, { ...text, call: { kind: 'get' } }, put]);
    }
    const bounded = { ...counted, call: { ...counted.call, max: highestCount } };
    if (pick < 0.85) return transaction([put, { key: textBeside(key), call: this.#textChange(value) }, bounded]);
    if (pick < 0.92) return { kind: 'getAndSet', value };
    return transaction([put, { key: numberBeside(key), call: { kind: 'increment', by: '2.5', initial: '10' } }]);
  }

  /** What it does under a condition, and something else otherwise. */
  #guarded(key: string, operations: readonly KeyedCall[], others: readonly string[]): Call {
    const other = others.length === 0 ? key : this.#random.pick(others);
    const { version = 0, value } = this.#seen.get(key) ?? {};
    const exists = (this.#seen.get(other)?.version ?? 0) > 0;
    const compares = this.#random.pick([
      [{ key, ifVersion: version }],
      [{ key, ...(value === undefined ? { exists: false } : { ifValue: value }) }],
      [{ key: other, exists }],
      [
        { key, ifVersion: version },
        { key: other, exists },
      ],
    ]);
    const otherwise: KeyedCall[] = [
      { key: other, call: { kind: 'getAndSet', value: this.#uniqueValue() } },
      { key: counterBeside(key), call: { kind: 'increment', by: '1' } },
      { key: other, call: { kind: 'get' } },
    ];
    return { kind: 'transact', compares, operations, otherwise };
  }

  #textChange(value: string): KeyedCall['call'] {
    const pick = this.#random.next();
    if (pick < 0.6) return { kind: 'append', value: `<${value}>`, maxBytes: maxTextBytes };
    if (pick < 0.9) return { kind: 'setRange', offset: this.#random.below(8), value: `<${value}>`, maxBytes: maxTextBytes };
    return { kind: 'delete' };
  }
}

/** Unlike the counter, it counts from another number than 0. */
function numberBeside(key: string): string {
  return `${key}~number`;
}

function textBeside(key: string): string {
  return `${key}~text`;
}

function transaction(operations: readonly KeyedCall[]): Call {
  return { kind: 'transact', compares: [], operations, otherwise: [] };
}
