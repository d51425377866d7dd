/** The requests that a fake cluster recognises (R16), as its nodes together remember them. */
import { KvError, type ShardPosition } from '../../../src/errors.js';
import type { Position, RequestIdentity } from '../../../src/wire/contract/kv-api.js';

/** What a request of the public contract carries of its identity. */
export interface IdentifiedRequest {
  readonly request?: RequestIdentity | null;
  readonly position?: Position | null;
}

export class FakeRequests {
  /** False: a cluster of nodes that ignore identities and report no positions. */
  isOn = true;
  /** Whether the topology has positions. */
  areReported = true;
  history = 'fake-history';
  /** Requests with a lower position are too old. */
  #floor = 0;
  readonly #answers = new Map<string, () => unknown>();

  /** Forgets every request that was executed. */
  forgetBelow(floor: number): void {
    this.#answers.clear();
    this.#floor = floor;
  }

  /** Executes the request once. */
  execute<Response>(identified: IdentifiedRequest, version: () => number, judge: () => Response): Response {
    const { request, position } = identified;
    if (!this.isOn || !request) return judge();
    if (!position?.history) throw new KvError('INVALID_ARGUMENT', 'an identity without a position');
    const name = `${request.client} ${request.number}`;
    const known = this.#answers.get(name);
    if (known !== undefined) return known() as Response;
    this.#refuseTooOld(request, position, { history: this.history, seq: version() });
    try {
      const response = judge();
      this.#answers.set(name, () => response);
      return response;
    } catch (error) {
      // A first attempt that wrote nothing leaves no record.
      if (!request.firstAttempt)
        this.#answers.set(name, () => {
          throw error;
        });
      throw error;
    }
  }

  #refuseTooOld({ firstAttempt }: RequestIdentity, named: Position | null | undefined, now: ShardPosition): void {
    if (named?.history === now.history && named.seq >= this.#floor && named.seq <= now.seq) return;
    const executed = firstAttempt ? 'no' : 'unknown';
    throw new KvError('REQUEST_TOO_OLD', `the position ${named?.history}:${named?.seq} is too old`, { executed, position: now });
  }
}
