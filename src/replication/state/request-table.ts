/**
 * The requests that this replica recognises (R16): the applied ones are a part of the applied state, equal on every replica that
 * has applied the same entries. A primary adds those that are in its log and not applied, so that it recognises them as well.
 *
 * A client's requests are forgotten once it cannot send them again, by the lowest number that its later requests name. All others
 * are forgotten by the floor: the primary decides it and writes it in entries. A replica never computes what it forgets.
 */
import type { Seq } from '../protocol/ids.js';
import { type RecordedRequest, requestBytes } from '../protocol/request.js';

interface ClientRequests {
  /** The highest `lowest` of the applied requests that are kept. */
  lowest: number;
  /** In order of their numbers. */
  readonly requests: RecordedRequest[];
}

/** The floor rises so far that about this part of the applied requests is forgotten. */
const forgottenPart = 4;

export class RequestTable {
  readonly #clients = new Map<string, ClientRequests>();
  #floor: Seq = 0;
  /** The highest floor that an entry of the log carries, applied or not. */
  #coming: Seq = 0;
  #count = 0;
  #bytes = 0;

  /** A request that was executed at or below this seq may have been forgotten. */
  get floor(): Seq {
    return this.#floor;
  }
  /** Number of requests that are kept. */
  get count(): number {
    return this.#count;
  }
  /** Estimated memory of these requests. */
  get bytes(): number {
    return this.#bytes;
  }

  find(client: string, number: number): RecordedRequest | undefined {
    const requests = this.#clients.get(client)?.requests;
    if (requests === undefined) return undefined;
    const found = requests[placeOf(requests, number)];
    return found?.number === number ? found : undefined;
  }

  /** The client has said that it does not send this number again. */
  isBehind(client: string, number: number): boolean {
    return number < (this.#clients.get(client)?.lowest ?? 0);
  }

  /** The primary has the request in its log. */
  begin(request: RecordedRequest): void {
    this.#add(request);
    this.#coming = Math.max(this.#coming, request.floor);
  }

  /** The entry of the request is applied. */
  apply(request: RecordedRequest): void {
    const { client, lowest, floor, seq } = request;
    const of = this.#add(request);
    if (lowest > of.lowest) of.lowest = lowest;
    this.#forgetBelow(of, client);
    if (floor > this.#floor) this.#forgetThrough(floor, seq);
  }

  /** Forgets the requests that are in the log and not applied: this replica is not primary any more. */
  abandonAfter(appliedSeq: Seq): void {
    this.#coming = this.#floor;
    for (const [client, of] of this.#clients) this.#retain(client, of, ({ seq }) => seq <= appliedSeq);
  }

  /** The floor that the primary writes in its next entry; 0: the table is within both bounds, or a floor is under way. */
  nextFloor(most: number, mostBytes: number, appliedSeq: Seq): Seq {
    if ((this.#count <= most && this.#bytes <= mostBytes) || this.#coming > this.#floor) return 0;
    const seqs = Float64Array.from(this.#applied(appliedSeq), ({ seq }) => seq).sort();
    return seqs[Math.ceil(seqs.length / forgottenPart) - 1] ?? 0;
  }

  /** Forgets everything. What lies below the floor may have been executed, and is not known. */
  reset(floor: Seq): void {
    this.#clients.clear();
    this.#floor = floor;
    this.#coming = floor;
    this.#count = 0;
    this.#bytes = 0;
  }

  /** The applied requests, for a snapshot. */
  export(appliedSeq: Seq): RecordedRequest[] {
    return [...this.#applied(appliedSeq)];
  }

  /** Adds the requests of a snapshot. */
  load(requests: readonly RecordedRequest[]): void {
    for (const request of requests) {
      const of = this.#add(request);
      of.lowest = Math.max(of.lowest, request.lowest);
    }
  }

  *#applied(appliedSeq: Seq): Iterable<RecordedRequest> {
    for (const { requests } of this.#clients.values()) {
      for (const request of requests) if (request.seq <= appliedSeq) yield request;
    }
  }

  #add(request: RecordedRequest): ClientRequests {
    let of = this.#clients.get(request.client);
    if (of === undefined) {
      of = { lowest: 0, requests: [] };
      this.#clients.set(request.client, of);
    }
    const { requests } = of;
    const place = placeOf(requests, request.number);
    if (requests[place]?.number === request.number) return of;
    if (place === requests.length) requests.push(request);
    else requests.splice(place, 0, request);
    this.#count++;
    this.#bytes += requestBytes(request);
    return of;
  }

  /** The lowest numbers are the first, and nearly always only a few: the client has received their answers since its last request. */
  #forgetBelow(of: ClientRequests, client: string): void {
    const { requests, lowest } = of;
    const known = requests.length;
    let behind = 0;
    while (behind < known && requests[behind]!.number < lowest) this.#bytes -= requestBytes(requests[behind++]!);
    if (behind === 0) return;
    this.#count -= behind;
    if (behind === known) this.#clients.delete(client);
    requests.copyWithin(0, behind);
    requests.length = known - behind;
  }

  #forgetThrough(floor: Seq, appliedSeq: Seq): void {
    this.#floor = floor;
    this.#coming = Math.max(this.#coming, floor);
    for (const [client, of] of this.#clients) {
      this.#retain(client, of, ({ seq }) => seq > floor);
      // A replica that loads a snapshot knows only what the kept requests name.
      of.lowest = 0;
      for (const { seq, lowest } of of.requests) if (seq <= appliedSeq) of.lowest = Math.max(of.lowest, lowest);
    }
  }

  #retain(client: string, of: ClientRequests, isKept: (request: RecordedRequest) => boolean): void {
    const { requests } = of;
    let kept = 0;
    for (const request of requests) {
      if (isKept(request)) requests[kept++] = request;
      else this.#bytes -= requestBytes(request);
    }
    this.#count -= requests.length - kept;
    requests.length = kept;
    if (kept === 0) this.#clients.delete(client);
  }
}

/** The place of the number, or where it would be. Numbers nearly always come in order. */
function placeOf(requests: readonly RecordedRequest[], number: number): number {
  const last = requests.at(-1);
  if (last === undefined || last.number < number) return requests.length;
  let low = 0;
  let high = requests.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (requests[middle]!.number < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
