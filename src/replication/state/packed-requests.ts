/** The requests of packed entries (R16), as arrays of numbers and the ids of their clients, each once. */
import type { Seq } from '../protocol/ids.js';
import type { LogEntry } from '../protocol/log-entry.js';
import type { RecordedRequest } from '../protocol/request.js';

/** Numbers of one request: client, number, lowest, fingerprint, floor, found. */
const width = 6;
/** Instead of a client: the entry carries no request. */
const noRequest = -1;
/** Instead of `found`: the request was executed. */
const executed = -1;

export class PackedRequests {
  readonly bytes: number;
  readonly #clients: string[] = [];
  readonly #numbers: Float64Array;

  constructor(entries: readonly LogEntry[]) {
    this.#numbers = new Float64Array(width * entries.length);
    const known = new Map<string, number>();
    let bytes = this.#numbers.byteLength;
    for (const [index, { request }] of entries.entries()) {
      if (request === undefined) {
        this.#numbers[width * index] = noRequest;
        continue;
      }
      const { client, number, lowest, fingerprint, floor, found } = request;
      let clientIndex = known.get(client);
      if (clientIndex === undefined) {
        clientIndex = this.#clients.push(client) - 1;
        known.set(client, clientIndex);
        bytes += 2 * client.length;
      }
      this.#numbers.set([clientIndex, number, lowest, fingerprint, floor, found ?? executed], width * index);
    }
    this.bytes = bytes;
  }

  /** The request of the entry with this index, which has this seq. */
  get(index: number, seq: Seq): RecordedRequest | undefined {
    const at = width * index;
    const [client, number, lowest, fingerprint, floor, found] = this.#numbers.subarray(at, at + width);
    if (client === noRequest) return undefined;
    return {
      client: this.#clients[client!]!,
      number: number!,
      lowest: lowest!,
      fingerprint: fingerprint!,
      floor: floor!,
      seq,
      found: found === executed ? undefined : found,
    };
  }
}
