/** Streams of a service that end only with their clients: their number is bounded, and all of them end with the node. */
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { toStatus } from '../../wire/contract/grpc-status.js';

type Stream = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;

export class OpenStreams {
  readonly #what: string;
  readonly #most: number;
  readonly #streams = new Set<Stream>();

  constructor(what: string, most: number) {
    this.#what = what;
    this.#most = most;
  }

  /** @returns false if there are too many already: the stream has been refused. */
  admit(stream: Stream): boolean {
    if (this.#streams.size >= this.#most) {
      stream.emit('error', toStatus(new KvError('OVERLOADED', `${this.#most} ${this.#what} are open at this node already`)));
      return false;
    }
    this.#streams.add(stream);
    for (const over of ['cancelled', 'close', 'error', 'finish'] as const) stream.on(over, () => this.#streams.delete(stream));
    return true;
  }

  /** Otherwise they would keep the server from shutting down. */
  endAll(): void {
    for (const stream of this.#streams) stream.end();
  }
}
