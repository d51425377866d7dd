/** Fingerprints of requests (R16): the number of a recognised request with other content is refused. */
import type { Transaction } from './transaction.js';

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
    for (const part of list) hash = withFields(hash, part);
  }
  return fingerprintFrom(hash);
}

/** 28 bits: four bytes in messages, and no number of its own on the heap. */
function fingerprintFrom(hash: number): number {
  return hash >>> 4;
}

/** The limit of a value may be that of the node, and the next primary may have another one. */
const withoutContent: ReadonlySet<string> = new Set(['maxBytes']);

/** A field that is undefined counts as one that is absent. */
function withFields(hash: number, part: object): number {
  let after = hash;
  for (const [name, value] of Object.entries<unknown>(part as Record<string, unknown>).sort(([one], [other]) =>
    one < other ? -1 : 1,
  )) {
    if (value === undefined || withoutContent.has(name)) continue;
    after = withText(after, name);
    if (typeof value === 'string') after = withText(after, value);
    else if (value instanceof Uint8Array) after = withBytes(withNumber(after, value.length), value);
    else if (typeof value === 'object' && value !== null) after = withFields(after, value);
    else after = withNumber(after, Number(value));
  }
  return after;
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
