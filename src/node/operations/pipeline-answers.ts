/** The caller behind one pipeline: takes the answers of its operations, and keeps their results until they are sent. */
import type { KvError } from '../../errors.js';
import type { ChangeMethod } from '../../wire/contract/change-messages.js';
import { ResultWriter, type WritableResponse } from '../../wire/pipeline/pipeline-results.js';
import type { ApiTraits } from './api-traits.js';
import type { Caller } from './operation.js';

/** The stream that the results go to. */
export interface ResultOutput {
  /** False while the client does not take the results that are there. */
  mayWrite(): boolean;
  /** A result of about this many bytes follows: sends the results that are there first if one message cannot hold both. */
  makeRoom(bytes: number): void;
  /** There is one more result. */
  added(): void;
}

/** The answer to a get whose client does not take results at present; the value is not copied. */
interface UnreadValue {
  readonly id: number;
  readonly value: Uint8Array | undefined;
  readonly version: number;
  readonly expiresInMs: number | undefined;
}

export class PipelineAnswers implements Caller {
  readonly api: ApiTraits;
  readonly pending = undefined;
  readonly forwarding = undefined;
  readonly patience = undefined;
  /** The response of the whole stream names the node. */
  readonly source = { nodeId: '' };
  readonly results: ResultWriter;
  readonly #output: ResultOutput;
  readonly #onWaiting: (change: 1 | -1) => void;
  #unread: UnreadValue[] = [];
  #waiting = 0;
  #waitingBytes = 0;
  /** Whether a get has been answered from storage since this was last set to false. */
  hasRead = false;

  /** `onWaiting`: one more operation waits to be answered, or one fewer. */
  constructor(nodeId: string, api: ApiTraits, output: ResultOutput, onWaiting: (change: 1 | -1) => void) {
    this.api = api;
    this.results = new ResultWriter(nodeId);
    this.#output = output;
    this.#onWaiting = onWaiting;
  }

  /** Operations without a result. */
  get unanswered(): number {
    return this.#waiting + this.#unread.length;
  }
  /** Bytes that operations hold which wait at a shard. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** A stream without waiting operations has no write that its get would have to follow. */
  get readsInOrder(): boolean {
    return this.#waiting > 0;
  }

  isAt(): void {}

  waits(bytes: number): void {
    this.#waiting++;
    this.#waitingBytes += bytes;
    this.#onWaiting(1);
  }

  settled(bytes: number): void {
    this.#waiting--;
    this.#waitingBytes -= bytes;
    this.#onWaiting(-1);
  }

  got(id: number, value: Uint8Array | undefined, version: number, expiresInMs: number | undefined, isKept: boolean): void {
    if (!isKept) this.hasRead = true;
    else if (!this.#output.mayWrite()) {
      this.#unread.push({ id, value, version, expiresInMs });
      return this.#onWaiting(1);
    }
    this.#addValue(id, value, version, expiresInMs);
  }

  wrote(id: number, version: number): void {
    this.results.put(id, version);
    this.#output.added();
  }

  deleted(id: number, version: number): void {
    this.results.delete(id, version);
    this.#output.added();
  }

  changed(id: number, kind: ChangeMethod, response: WritableResponse): void {
    this.#output.makeRoom(response.expectedBytes);
    this.results.change(id, kind, response);
    this.#output.added();
  }

  failed(id: number, error: KvError): void {
    this.results.error(id, error);
    this.#output.added();
  }

  /**
   * The client takes results again. The unread gets took place when their entries committed, under the lease of that moment
   * (R9). Whatever has become of the primary and the keys since, these values are the answers.
   */
  readOn(): void {
    let next = 0;
    for (; next < this.#unread.length && this.#output.mayWrite(); next++) {
      const { id, value, version, expiresInMs } = this.#unread[next]!;
      this.#onWaiting(-1);
      this.#addValue(id, value, version, expiresInMs);
    }
    if (next > 0) this.#unread = this.#unread.slice(next);
  }

  #addValue(id: number, value: Uint8Array | undefined, version: number, expiresInMs: number | undefined): void {
    if (value === undefined) this.results.notFound(id);
    else {
      this.#output.makeRoom(value.length);
      this.results.found(id, value, version, expiresInMs);
    }
    this.#output.added();
  }
}
