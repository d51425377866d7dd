/**
 * The parts of a shard's table of requests (R16) that go into the database: what the applied entries have added to it, and the whole
 * table once these additions have become larger than it.
 */
import { type LogEntry, type RecordedRequest, requestBytes } from '../../replication/index.js';
import type { RequestsPart } from './state-database.js';

/** Additions of less memory do not make the whole table due, so that a small table is not written again and again. */
const leastBytes = 256 * 1024;

export type EncodeRequests = (requests: readonly RecordedRequest[]) => Uint8Array;

export class RequestParts {
  readonly #encode: EncodeRequests;
  /** The next part must be the whole table. */
  #needsWhole = true;
  #added: RecordedRequest[] = [];
  /** Estimated memory of all that was added since the whole table was written, and of that table. */
  #addedBytes = 0;
  #wholeBytes = 0;

  constructor(encode: EncodeRequests) {
    this.#encode = encode;
  }

  /** The next part is the whole table: it is not what the database has with additions. */
  restart(): void {
    this.#needsWhole = true;
    this.#added = [];
    this.#addedBytes = 0;
  }

  /** @returns the memory that the additions take until the next part. */
  add(entries: readonly LogEntry[]): number {
    if (this.#needsWhole) return 0;
    let bytes = 0;
    for (const { request } of entries) {
      if (request === undefined) continue;
      this.#added.push(request);
      bytes += requestBytes(request);
    }
    this.#addedBytes += bytes;
    if (this.#addedBytes > Math.max(leastBytes, this.#wholeBytes)) this.restart();
    return bytes;
  }

  /** Undefined: nothing has changed. @param table all requests, as of now */
  take(table: () => readonly RecordedRequest[]): RequestsPart | undefined {
    if (this.#needsWhole) return this.#takeWhole(table());
    if (this.#added.length === 0) return undefined;
    const bytes = this.#encode(this.#added);
    this.#added = [];
    return { isWhole: false, bytes };
  }

  #takeWhole(requests: readonly RecordedRequest[]): RequestsPart {
    this.#needsWhole = false;
    this.#addedBytes = 0;
    this.#wholeBytes = requests.reduce((bytes, request) => bytes + requestBytes(request), 0);
    return { isWhole: true, bytes: this.#encode(requests) };
  }
}
