/** A call of the rpc Dump at the primary's node, on a connection of its own: a joiner has requested a snapshot, and reads it. */
import type { KvError } from '../../errors.js';
import type { FrameStream } from '../../transport/index.js';

export class SnapshotCall {
  readonly #stream: FrameStream;
  #isGone = false;
  #drained: (() => void) | undefined;

  constructor(stream: FrameStream) {
    this.#stream = stream;
  }

  /** The joiner reads no more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Resolves when the next message may be sent, or the joiner has gone. */
  send(bytes: Buffer): Promise<void> {
    if (this.#stream.send(bytes) || this.isGone) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  /** The snapshot is complete. */
  end(): void {
    this.#stream.end();
  }

  /** What was sent before still leaves. */
  fail(error: KvError): void {
    this.#stream.fail(error);
  }

  onDrain(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  onClosed(): void {
    this.#isGone = true;
    this.onDrain();
  }
}
