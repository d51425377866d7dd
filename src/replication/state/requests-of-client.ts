/**
 * The recognised requests of one client (R16), in order of their numbers. They are columns of numbers and not objects: a request is
 * kept just long enough that an object for each of them would cost the garbage collector more than everything else about it.
 */
import type { Seq } from '../protocol/ids.js';
import { answerBytes, type RecordedAnswer } from '../protocol/recorded-answer.js';
import type { RecordedRequest } from '../protocol/request.js';

/** Numbers of one request: number, seq, lowest, fingerprint. */
const width = 4;
/** The places of forgotten rows are used again once there are this many of them, and they are more than half of all. */
const leastCutRows = 32;
/**
 * The array gives memory back once it is this many times as long as the most that it held lately, and longer than for `leastCutRows`
 * rows. What it held counts half with each time that forgotten places are used again.
 */
const mostSpare = 8;
/** Estimated memory of a client beside its id and its requests, and of a request beside its answer. */
const clientBytes = 320;
const rowBytes = 8 * width;

export class RequestsOfClient {
  readonly client: string;
  /** The highest `lowest` of the applied requests that are kept. */
  lowest = 0;
  /** Longer than what it holds: to make it shorter and longer again with every few requests would be garbage for each of them. */
  readonly #rows: number[] = [];
  /** By number. Undefined: every request is answered with its seq. */
  #answers: Map<number, RecordedAnswer> | undefined;
  #answerBytes = 0;
  /** The rows from `#first` up to `#end` are held. */
  #first = 0;
  #end = 0;
  /** The most rows, forgotten ones included, that it held lately. */
  #lately = 0;

  constructor(client: string) {
    this.client = client;
  }

  get count(): number {
    return this.#end - this.#first;
  }
  /** Estimated memory. */
  get bytes(): number {
    return clientBytes + this.client.length + rowBytes * this.count + this.#answerBytes;
  }

  /** Whether some number is below `lowest`. */
  get mayForget(): boolean {
    return this.#first < this.#end && this.#rows[width * this.#first]! < this.lowest;
  }

  find(number: number): RecordedRequest | undefined {
    const row = this.#rowOf(number);
    return this.#holds(row, number) ? this.#request(row) : undefined;
  }

  /** @returns by how much the estimated memory grows; 0: the request is here already. */
  add({ number, seq, lowest, fingerprint, answer }: RecordedRequest): number {
    const rows = this.#rows;
    const row = this.#rowOf(number);
    if (this.#holds(row, number)) return 0;
    const at = width * row;
    if (row < this.#end) {
      // Room for one more row at the end, to which the others move.
      for (let end = width * this.#end; rows.length < end + width; ) rows.push(0);
      for (let from = width * this.#end - 1; from >= at; from--) rows[from + width] = rows[from]!;
    }
    rows[at] = number;
    rows[at + 1] = seq;
    rows[at + 2] = lowest;
    rows[at + 3] = fingerprint;
    this.#end++;
    if (answer === undefined) return rowBytes;
    this.#answers ??= new Map();
    this.#answers.set(number, answer);
    const bytes = answerBytes(answer);
    this.#answerBytes += bytes;
    return rowBytes + bytes;
  }

  /**
   * Forgets the requests up to `appliedSeq` whose numbers are below `lowest`, nearly always only a few. What is not applied stays: a
   * late attempt may be in the log behind the request that named `lowest`.
   */
  forgetBelow(appliedSeq: Seq): void {
    const rows = this.#rows;
    const { lowest } = this;
    while (this.#first < this.#end && rows[width * this.#first]! < lowest && rows[width * this.#first + 1]! <= appliedSeq)
      this.#forgetAnswer(this.#first++);
    if (this.#first < this.#end && rows[width * this.#first]! < lowest)
      this.#filter((number, seq) => number >= lowest || seq > appliedSeq);
    if (this.#first < leastCutRows || 2 * this.#first < this.#end) return;
    this.#lately = Math.max(this.#end, this.#lately >>> 1);
    this.#move(0, this.#first, this.#end);
    this.#end -= this.#first;
    this.#first = 0;
    this.#maybeShrink();
  }

  /** Keeps only the requests whose seqs are in this range, limits included. */
  retain(from: Seq, to: Seq): void {
    this.#filter((_number, seq) => seq >= from && seq <= to);
  }

  #filter(isKept: (number: number, seq: Seq) => boolean): void {
    const rows = this.#rows;
    let kept = 0;
    for (let at = width * this.#first; at < width * this.#end; at += width) {
      if (isKept(rows[at]!, rows[at + 1]!)) this.#move(kept++, at / width, at / width + 1);
      else this.#forgetAnswer(at / width);
    }
    this.#first = 0;
    this.#end = kept;
    this.#maybeShrink();
  }

  /** Moves rows to the front. On an array of numbers `copyWithin` takes thirty times as long as a loop. */
  #move(to: number, from: number, end: number): void {
    const rows = this.#rows;
    const by = width * (from - to);
    for (let at = width * from; at < width * end; at++) rows[at - by] = rows[at]!;
  }

  #maybeShrink(): void {
    const used = width * Math.max(this.#end, this.#lately, leastCutRows);
    if (this.#rows.length > mostSpare * used) this.#rows.length = used;
  }

  /** The highest `lowest` that a request up to `seq` has named. */
  lowestNamed(seq: Seq): number {
    let lowest = 0;
    for (let at = width * this.#first; at < width * this.#end; at += width)
      if (this.#rows[at + 1]! <= seq) lowest = Math.max(lowest, this.#rows[at + 2]!);
    return lowest;
  }

  /** The requests up to `seq`. */
  *upTo(seq: Seq): Iterable<RecordedRequest> {
    for (let row = this.#first; row < this.#end; row++) if (this.#rows[width * row + 1]! <= seq) yield this.#request(row);
  }

  #forgetAnswer(row: number): void {
    if (this.#answers === undefined) return;
    const number = this.#rows[width * row]!;
    this.#answerBytes -= answerBytes(this.#answers.get(number));
    this.#answers.delete(number);
  }

  #request(row: number): RecordedRequest {
    const [number, seq, lowest, fingerprint] = this.#rows.slice(width * row, width * (row + 1));
    const answer = this.#answers?.get(number!);
    return { client: this.client, number: number!, lowest: lowest!, fingerprint: fingerprint!, floor: 0, seq: seq!, answer };
  }

  #holds(row: number, number: number): boolean {
    return row < this.#end && this.#rows[width * row] === number;
  }

  /** The row of the number, or where it would be. Numbers nearly always come in order. */
  #rowOf(number: number): number {
    const rows = this.#rows;
    let high = this.#end;
    if (high === this.#first || rows[width * (high - 1)]! < number) return high;
    let low = this.#first;
    high--;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (rows[width * middle]! < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
