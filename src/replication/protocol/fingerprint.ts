/** Fingerprints of requests (R16): the number of a recognised request with other content is refused. */
import type { Compare, Expiry, KeyCondition, KeyOperation, Transaction } from './transaction.js';

/** The content of a put or delete. */
interface WriteContent {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly ifVersion: number | undefined;
  readonly ttlMs?: number | undefined;
}

/** A fingerprint covers about this many bytes of a value, spread evenly: it is to find mistakes, not forgeries. */
const coveredBytes = 32;
const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

export function fingerprintOfWrite({ key, value, ifVersion, ttlMs }: WriteContent): number {
  let hash = withText(fnvOffset, key);
  hash = withNumber(hash, value === undefined ? -1 : value.length);
  hash = withNumber(hash, ifVersion === undefined ? -1 : ifVersion);
  if (ttlMs !== undefined) hash = withNumber(hash, ttlMs);
  return fingerprintFrom(value === undefined ? hash : withBytes(hash, value));
}

export function fingerprintOfTransaction({ compares, operations, otherwise }: Transaction): number {
  let hash = fnvOffset;
  for (const list of [compares, operations, otherwise]) {
    hash = withNumber(hash, list.length);
    for (const part of list) hash = 'kind' in part ? withOperation(hash, part) : withCompare(hash, part);
  }
  return fingerprintFrom(hash);
}

/** 28 bits: four bytes in messages, and no number of its own on the heap. */
function fingerprintFrom(hash: number): number {
  return hash >>> 4;
}

/**
 * The parts of an operation in the order of their names, without `maxBytes`: the limit of a value may be that of the node, and the
 * next primary may have another one. A part that is undefined counts as one that is absent.
 */
function withOperation(hash: number, operation: KeyOperation): number {
  const { kind, key } = operation;
  switch (kind) {
    case 'get':
    case 'getAndDelete':
    case 'persist':
      return withNames(hash, key, kind);
    case 'touch':
      return withNumberOf(withNames(hash, key, kind), 'ttlMs', operation.ttlMs);
    case 'put':
      return withBytesOf(
        withNames(withConditionOf(withExpiryOf(hash, operation), operation), key, kind),
        'value',
        operation.value,
      );
    case 'delete':
      return withNames(withConditionOf(hash, operation), key, kind);
    case 'getAndSet':
    case 'append':
      return withBytesOf(withNames(withExpiryOf(hash, operation), key, kind), 'value', operation.value);
    case 'setRange': {
      const named = withNames(withExpiryOf(hash, operation), key, kind);
      return withBytesOf(withNumberOf(named, 'offset', operation.offset), 'value', operation.value);
    }
    case 'increment': {
      const { by, initial, min, max } = operation;
      const added = withTextOf(withExpiryOf(withTextOf(hash, 'by', by), operation), 'initial', initial);
      return withTextOf(withTextOf(withNames(added, key, kind), 'max', max), 'min', min);
    }
  }
}

function withCompare(hash: number, compare: Compare): number {
  const { exists, key } = compare;
  const after = exists === undefined ? hash : withNumber(withText(hash, 'exists'), Number(exists));
  return withTextOf(withConditionOf(after, compare), 'key', key);
}

function withNames(hash: number, key: string, kind: string): number {
  return withTextOf(withTextOf(hash, 'key', key), 'kind', kind);
}

function withConditionOf(hash: number, { ifValue, ifVersion }: KeyCondition): number {
  return withNumberOf(withBytesOf(hash, 'ifValue', ifValue), 'ifVersion', ifVersion);
}

function withExpiryOf(hash: number, { expiry }: { readonly expiry?: Expiry | undefined }): number {
  if (expiry === undefined) return hash;
  const after = withText(hash, 'expiry');
  return expiry === 'keep' ? withText(after, expiry) : withNumberOf(after, 'ttlMs', expiry.ttlMs);
}

function withTextOf(hash: number, name: string, text: string | undefined): number {
  return text === undefined ? hash : withText(withText(hash, name), text);
}

function withNumberOf(hash: number, name: string, number: number | undefined): number {
  return number === undefined ? hash : withNumber(withText(hash, name), number);
}

function withBytesOf(hash: number, name: string, bytes: Uint8Array | undefined): number {
  return bytes === undefined ? hash : withBytes(withNumber(withText(hash, name), bytes.length), bytes);
}

function withText(hash: number, text: string): number {
  let after = hash;
  for (let at = 0; at < text.length; at++) after = Math.imul(after ^ text.charCodeAt(at), fnvPrime);
  return after;
}

function withNumber(hash: number, number: number): number {
  return Math.imul(hash ^ (number % 0x1_0000_0000), fnvPrime);
}

function withBytes(hash: number, bytes: Uint8Array): number {
  const step = Math.max(1, Math.ceil(bytes.length / coveredBytes));
  let after = hash;
  for (let at = 0; at < bytes.length; at += step) after = Math.imul(after ^ bytes[at]!, fnvPrime);
  return after;
}
