/** The answer to a call with one request, in as many frames as it needs: its sender waits while too much waits to leave. */
import type { KvError } from '../errors.js';
import type { FrameStream } from './frame-stream.js';

export class ReplyStream {
  readonly #stream: Pick<FrameStream, 'send' | 'end' | 'fail'>;
  #isGone = false;
  #drained: (() => void) | undefined;

  constructor(stream: Pick<FrameStream, 'send' | 'end' | 'fail'>) {
    this.#stream = stream;
  }

  /** The caller reads no more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Resolves when the next frame may be sent, or the caller has gone. */
  send(bytes: Buffer): Promise<void> {
    if (this.#stream.send(bytes) || this.isGone) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  /** The answer is complete. */
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
