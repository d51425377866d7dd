/**
 * The identity of a write that its client may send again after an unknown outcome, and what the log keeps of it (R16).
 *
 * A client numbers its requests. The number, the client's id and a position that the client knew before it first sent the request
 * let every later primary recognise the request, or know that it cannot.
 */
import type { HistoryId, Seq } from './ids.js';

/** As the client sends it. */
export interface RequestIdentity {
  /** Random, at least 64 bits: no two clients have the same. */
  readonly client: string;
  /** Of the request, from 1. */
  readonly number: number;
  /** The lowest number that the client may still send again; at most `number`. */
  readonly lowest: number;
  /** A position of the shard that the client knew before it first sent the request: the write has a higher seq. */
  readonly history: HistoryId;
  readonly seq: Seq;
  /** No attempt before this one may have been executed. */
  readonly isFirstAttempt: boolean;
}

/** What a log entry carries of the request that it executes, and what the applied state keeps of it. Immutable. */
export interface RecordedRequest {
  readonly client: string;
  readonly number: number;
  readonly lowest: number;
  /** Of the request's content: the same number with other content is refused. */
  readonly fingerprint: number;
  /** With this entry the table of requests forgets the entries up to here, as the primary decided; 0: none. */
  readonly floor: Seq;
  /** Of the entry. */
  readonly seq: Seq;
  /**
   * Undefined: the request was executed. Otherwise it wrote nothing, and this is the version that its key had. The record makes
   * sure that no earlier attempt that is still on its way is executed later.
   */
  readonly found: Seq | undefined;
}

/** The content of a request, as far as its fingerprint covers it. */
interface RequestContent {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly ifVersion: number | undefined;
  readonly ttlMs?: number | undefined;
}

/** The fingerprint covers about this many bytes of a value, spread evenly: it is to find mistakes, not forgeries. */
const coveredBytes = 256;
const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

export function fingerprintOf({ key, value, ifVersion, ttlMs }: RequestContent): number {
  let hash = fnvOffset;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), fnvPrime);
  hash = Math.imul(hash ^ (value === undefined ? -1 : value.length), fnvPrime);
  hash = Math.imul(hash ^ (ifVersion === undefined ? -1 : ifVersion % 0x1_0000_0000), fnvPrime);
  if (ttlMs !== undefined) hash = Math.imul(hash ^ (ttlMs % 0x1_0000_0000), fnvPrime);
  if (value === undefined) return hash >>> 0;
  const step = Math.max(1, Math.floor(value.length / coveredBytes));
  for (let at = 0; at < value.length; at += step) hash = Math.imul(hash ^ value[at]!, fnvPrime);
  return hash >>> 0;
}

/** Estimated memory of a recorded request beside its client's id. */
const requestOverheadBytes = 128;

export function requestBytes({ client }: RecordedRequest): number {
  return requestOverheadBytes + client.length;
}
