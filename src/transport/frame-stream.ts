/**
 * A stream of frames between two processes: the transport of the pipeline and of replication. A frame is one message.
 *
 * Guarantees: frames arrive whole and in the order in which they were sent, or the stream closes. `onClosed` is called exactly once,
 * and nothing is called after it. Left out: delivery. What was sent before the stream closed may or may not have arrived.
 */
import type { KvError } from '../errors.js';

export interface FrameStream {
  /**
   * Sends a frame, which the caller must not change afterwards. It is ignored after `end`, `fail`, `cancel` or the end of the stream.
   *
   * @returns false if `maxQueuedBytes` or more wait to leave: send no more before `onDrain`.
   */
  send(frame: Uint8Array): boolean;
  /** Bytes that wait in this process to leave. */
  readonly queuedBytes: number;
  /** Stops reading. The frames that were received already may still be delivered; then flow control stops the sender. */
  pause(): void;
  resume(): void;
  /** A client sends no more frames, and still receives. A server ends the rpc as it should end; what was sent before leaves. */
  end(): void;
  /** Closes the stream with an error. What was sent before still leaves. A client's error is CANCELLED, whatever is passed. */
  fail(error: KvError): void;
  /** Closes the stream at once. What has not left is lost. */
  cancel(): void;
}

export interface FrameListener {
  onFrame(frame: Buffer): void;
  /** Called when the bytes that wait have left, after `send` returned false. */
  onDrain(): void;
  /** Called at a server: the client sends no more frames. */
  onEnd(): void;
  /**
   * @param error undefined if the server has ended the rpc. At a client: the error of the server; UNREACHABLE if there was never a
   *   connection, so that nothing was sent; OUTCOME_UNKNOWN if the connection broke; CANCELLED after `cancel`. At a server: CANCELLED
   *   if the client has gone.
   */
  onClosed(error: KvError | undefined): void;
}

/** The listener of a client's stream: it also learns that the server has accepted the rpc. */
export interface OpeningListener extends FrameListener {
  /** The server has accepted the rpc. @param clusterId the cluster of the node; empty if it names none. */
  onAccepted(clusterId: string): void;
}

/** With this many bytes waiting to leave, `send` returns false. */
export const maxQueuedBytes = 256 * 1024;
/** The largest frame. A larger one closes the stream. */
export const maxFrameBytes = 16 * 1024 * 1024;
