/** Counts the frames of streams of one kind, such as those to clients. Control frames do not count. */
import type { FrameListener, FrameStream, OpeningListener } from './frame-stream.js';

export class FrameCounts {
  sent = 0;
  received = 0;
  sentBytes = 0;
  receivedBytes = 0;

  /** Opens or accepts a stream whose frames are counted here. */
  open(open: (listener: OpeningListener) => FrameStream, listener: FrameListener | OpeningListener): FrameStream {
    const stream = open({
      onAccepted: (clusterId) => 'onAccepted' in listener && listener.onAccepted(clusterId),
      onFrame: (frame) => {
        this.received += 1;
        this.receivedBytes += frame.length;
        listener.onFrame(frame);
      },
      onDrain: () => listener.onDrain(),
      onEnd: () => listener.onEnd(),
      onClosed: (error) => listener.onClosed(error),
    });
    return new CountedStream(stream, this);
  }
}

class CountedStream implements FrameStream {
  readonly #stream: FrameStream;
  readonly #counts: FrameCounts;

  constructor(stream: FrameStream, counts: FrameCounts) {
    this.#stream = stream;
    this.#counts = counts;
  }

  get queuedBytes(): number {
    return this.#stream.queuedBytes;
  }

  send(frame: Uint8Array): boolean {
    this.#counts.sent += 1;
    this.#counts.sentBytes += frame.length;
    return this.#stream.send(frame);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  end(): void {
    this.#stream.end();
  }

  fail(error: Parameters<FrameStream['fail']>[0]): void {
    this.#stream.fail(error);
  }

  cancel(): void {
    this.#stream.cancel();
  }
}
