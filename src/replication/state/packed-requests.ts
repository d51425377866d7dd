/** The requests of packed entries (R16), as arrays of numbers and the ids of their clients, each once. */
import type { Seq } from '../protocol/ids.js';
import type { KeyWrite, LogEntry } from '../protocol/log-entry.js';
import { type JudgedAnswer, type RecordedAnswer, wroteAnswer } from '../protocol/recorded-answer.js';
import type { RecordedRequest } from '../protocol/request.js';
import { invariant } from './invariant.js';
import { PackedAnswers } from './packed-answers.js';

/** Numbers of one request: client, number, lowest, fingerprint, floor, answer. */
const width = 6;
/** Instead of a client: the entry carries no request. */
const noRequest = -1;
/** The number of an answer `wrote` is that of its operations. Of any other answer it is one of these. */
const noAnswer = 0;
/** `counted`, and the sum is what the entry writes. */
const countedWrite = -1;
/** The answer is among the packed ones. */
const packedAnswer = -2;

export class PackedRequests {
  readonly bytes: number;
  readonly #clients: string[] = [];
  readonly #numbers: Float64Array;
  /** Undefined: no entry has such an answer. */
  readonly #answers: PackedAnswers | undefined;

  constructor(entries: readonly LogEntry[]) {
    this.#numbers = new Float64Array(width * entries.length);
    let hasAnswers = false;
    for (let index = 0; index < entries.length; index++) {
      this.#fill(width * index, entries[index]!);
      hasAnswers ||= this.#numbers[width * index + 5] === packedAnswer;
    }
    this.#answers = hasAnswers ? new PackedAnswers(entries.map(packedOf)) : undefined;
    const clientBytes = this.#clients.reduce((sum, client) => sum + 2 * client.length, 0);
    this.bytes = this.#numbers.byteLength + clientBytes + (this.#answers?.bytes ?? 0);
  }

  /** The request of the entry with this index, which has this seq and these writes. */
  get(index: number, seq: Seq, writes: readonly KeyWrite[]): RecordedRequest | undefined {
    const at = width * index;
    const [client, number, lowest, fingerprint, floor, code] = this.#numbers.subarray(at, at + width);
    if (client === noRequest) return undefined;
    return {
      client: this.#clients[client!]!,
      number: number!,
      lowest: lowest!,
      fingerprint: fingerprint!,
      floor: floor!,
      seq,
      answer: this.#answerOf(index, code!, writes),
    };
  }

  #answerOf(index: number, code: number, writes: readonly KeyWrite[]): RecordedAnswer | undefined {
    if (code === noAnswer) return undefined;
    if (code === countedWrite) return { kind: 'counted', sum: writes[0]!.value! };
    return code === packedAnswer ? this.#answers!.get(index) : wroteAnswer(code);
  }

  #fill(at: number, { request, writes }: LogEntry): void {
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
    numbers[at + 5] = codeOf(request.answer, writes);
  }

  /** Few clients have requests in one block. */
  #indexOf(client: string): number {
    const index = this.#clients.indexOf(client);
    return index < 0 ? this.#clients.push(client) - 1 : index;
  }
}

function codeOf(answer: RecordedAnswer | undefined, writes: readonly KeyWrite[]): number {
  if (answer === undefined) return noAnswer;
  if (answer.kind === 'wrote') return answer.operations;
  if (answer.kind !== 'counted') return packedAnswer;
  invariant(answer.sum === writes[0]?.value, 'the sum of an increment is not what its entry writes');
  return countedWrite;
}

/** The answer that `codeOf` leaves to the packed ones. */
function packedOf({ request }: LogEntry): JudgedAnswer | undefined {
  const answer = request?.answer;
  return answer?.kind === 'wrote' || answer?.kind === 'counted' ? undefined : answer;
}
