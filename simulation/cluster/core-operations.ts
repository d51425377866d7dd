/** Calls of a history as operations of the core, and the core's results as results of the history. Pure. */
import type { Compare, KeyOperation, KeyResult } from '../../src/replication/index.js';
import type { CallResult, Comparison, KeyedCall } from '../../verification/index.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytesOfText(text: string): Uint8Array {
  return encoder.encode(text);
}

export function textOfBytes(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function coreComparisonOf({ key, exists, ...condition }: Comparison): Compare {
  return { key, exists, ...conditionOf(condition) };
}

/** @param ttlMs of a put that has none of its own (R17) */
export function coreOperationOf({ key, call }: KeyedCall, ttlMs?: number): KeyOperation {
  switch (call.kind) {
    case 'put': {
      const ownTtlMs = call.ttlMs ?? ttlMs;
      const expiry = ownTtlMs === undefined ? undefined : { ttlMs: ownTtlMs };
      return { kind: 'put', key, value: bytesOfText(call.value), expiry, ...conditionOf(call) };
    }
    case 'delete':
      return { kind: 'delete', key, ...conditionOf(call) };
    case 'getAndSet':
      return { kind: 'getAndSet', key, value: bytesOfText(call.value) };
    case 'increment':
      return { ...call, key, initial: call.initial ?? '0' };
    case 'append':
    case 'setRange':
      return { ...call, key, value: bytesOfText(call.value), maxBytes: call.maxBytes ?? Number.MAX_SAFE_INTEGER };
    default:
      return { kind: call.kind, key };
  }
}

export function callResultOf(
  { call }: KeyedCall,
  { version, value, previousVersion = 0, valueBytes = 0 }: KeyResult,
): CallResult {
  const text = value && textOfBytes(value);
  switch (call.kind) {
    case 'get':
      return text === undefined ? { kind: 'missing' } : { kind: 'found', value: text, version };
    case 'put':
      return { kind: 'written', version };
    case 'delete':
      return version === 0 ? { kind: 'nothingToDelete' } : { kind: 'written', version };
    case 'getAndSet':
    case 'getAndDelete':
      return { kind: 'replaced', value: text, previousVersion, version };
    case 'increment':
      return { kind: 'sum', value: text ?? '', version };
    default:
      return { kind: 'length', valueBytes, version };
  }
}

function conditionOf({ ifVersion, ifValue }: Omit<Comparison, 'key' | 'exists'>) {
  return { ifVersion, ifValue: ifValue === undefined ? undefined : bytesOfText(ifValue) };
}
