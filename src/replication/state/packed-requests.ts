/** The requests of packed entries (R16), as arrays of numbers and the ids of their clients, each once. */
import type { Seq } from '../protocol/ids.js';
import type { LogEntry } from '../protocol/log-entry.js';
import type { RecordedRequest } from '../protocol/request.js';
import { PackedAnswers } from './packed-answers.js';

/** Numbers of one request: client, number, lowest, fingerprint, floor. */
const width = 5;
/** Instead of a client: the entry carries no request. */
const noRequest = -1;

export class PackedRequests {
  readonly bytes: number;
  readonly #clients: string[] = [];
  readonly #numbers: Float64Array;
  /** Undefined: every request is answered with its version. */
  readonly #answers: PackedAnswers | undefined;

  constructor(entries: readonly LogEntry[]) {
    this.#numbers = new Float64Array(width * entries.length);
    const known = new Map<string, number>();
    let bytes = this.#numbers.byteLength;
    for (const [index, { request }] of entries.entries()) {
      if (request === undefined) {
        this.#numbers[width * index] = noRequest;
        continue;
      }
      const { client, number, lowest, fingerprint, floor } = request;
      let clientIndex = known.get(client);
      if (clientIndex === undefined) {
        clientIndex = this.#clients.push(client) - 1;
        known.set(client, clientIndex);
        bytes += 2 * client.length;
      }
      this.#numbers.set([clientIndex, number, lowest, fingerprint, floor], width * index);
    }
    const hasAnswers = entries.some(({ request }) => request?.answer !== undefined);
    this.#answers = hasAnswers ? new PackedAnswers(entries.map(({ request }) => request?.answer)) : undefined;
    this.bytes = bytes + (this.#answers?.bytes ?? 0);
  }

  /** The request of the entry with this index, which has this seq. */
  get(index: number, seq: Seq): RecordedRequest | undefined {
    const at = width * index;
    const [client, number, lowest, fingerprint, floor] = this.#numbers.subarray(at, at + width);
    if (client === noRequest) return undefined;
    return {
      client: this.#clients[client!]!,
      number: number!,
      lowest: lowest!,
      fingerprint: fingerprint!,
      floor: floor!,
      seq,
      answer: this.#answers?.get(index),
    };
  }
}
