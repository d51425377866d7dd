/** The messages of one dump or scan as they arrive: the reader takes them one by one, and the node waits while the reader is behind. */
import { KvError } from '../../errors.js';
import { type Limits, remainingMs } from '../call-limits.js';
import type { DumpListener, DumpStream } from '../transport/node-transport.js';

/** With more messages than this waiting to be read, the stream of a dump is paused. A message has about 64 KiB. */
const maxUnreadOfDump = 16;

type OpenStream = (listener: DumpListener) => DumpStream;

export class DumpMessages {
  readonly #stream: DumpStream;
  readonly #maxUnread: number;
  readonly #unread: Buffer[] = [];
  #isPaused = false;
  #isOver = false;
  #error: KvError | undefined;
  #wake: (() => void) | undefined;

  private constructor(open: OpenStream, maxUnread: number) {
    this.#maxUnread = maxUnread;
    this.#stream = open({
      onMessage: (message) => this.#received(message),
      onEnd: (error) => this.#ended(error),
    });
  }

  /**
   * Sends the request, and resolves once the first message is here.
   *
   * @param maxUnread with more messages than this waiting to be read, the stream is paused
   * @throws KvError the refusal of the node; the limits have been reached
   */
  static async open(open: OpenStream, limits: Limits, maxUnread = maxUnreadOfDump): Promise<DumpMessages> {
    const messages = new DumpMessages(open, maxUnread);
    try {
      await messages.#whenReadable(limits);
      return messages;
    } catch (error) {
      messages.close();
      throw error;
    }
  }

  /** @returns the next message. @throws KvError the error of the stream; none came within the limits */
  async next(limits: Limits): Promise<Buffer> {
    await this.#whenReadable(limits);
    const message = this.#unread.shift()!;
    if (this.#isPaused && this.#unread.length === 0) {
      this.#isPaused = false;
      this.#stream.resume();
    }
    return message;
  }

  /** Idempotent. */
  close(): void {
    this.#isOver = true;
    this.#stream.cancel();
  }

  async #whenReadable(limits: Limits): Promise<void> {
    if (this.#unread.length === 0 && !this.#isOver) await this.#changed(limits);
    if (this.#unread.length > 0) return;
    if (this.#isOver) throw this.#error ?? new KvError('OUTCOME_UNKNOWN', 'the node ended its answer before the end');
    if (limits.signal?.aborted) throw new KvError('CANCELLED', 'given up before the answer was complete');
    throw new KvError('DEADLINE_EXCEEDED', 'nothing more of the answer came before the deadline');
  }

  #changed(limits: Limits): Promise<void> {
    const { signal } = limits;
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, Math.max(0, remainingMs(limits)));
      signal?.addEventListener('abort', wake);
      this.#wake = wake;
    });
  }

  #received(message: Buffer): void {
    this.#unread.push(message);
    if (!this.#isPaused && this.#unread.length > this.#maxUnread) {
      this.#isPaused = true;
      this.#stream.pause();
    }
    this.#wake?.();
  }

  #ended(error: KvError | undefined): void {
    this.#isOver = true;
    this.#error = error;
    this.#wake?.();
  }
}
