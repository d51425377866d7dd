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
    let hasAnswers = false;
    for (let index = 0; index < entries.length; index++) {
      const { request } = entries[index]!;
      hasAnswers ||= request?.answer !== undefined;
      this.#fill(width * index, request);
    }
    this.#answers = hasAnswers ? new PackedAnswers(entries.map(({ request }) => request?.answer)) : undefined;
    const clientBytes = this.#clients.reduce((sum, client) => sum + 2 * client.length, 0);
    this.bytes = this.#numbers.byteLength + clientBytes + (this.#answers?.bytes ?? 0);
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

  #fill(at: number, request: RecordedRequest | undefined): void {
    const numbers = this.#numbers;
    if (request === undefined) {
      numbers[at] = noRequest;
      return;
    }
    numbers[at] = this.#indexOf(request.client);
    numbers[at + 1] = request.number;
    numbers[at + 2] = request.lowest;
    numbers[at + 3] = request.fingerprint;
    numbers[at + 4] = request.floor;
  }

  /** Few clients have requests in one block. */
  #indexOf(client: string): number {
    const index = this.#clients.indexOf(client);
    return index < 0 ? this.#clients.push(client) - 1 : index;
  }
}
