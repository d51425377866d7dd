/**
 * One end of a stream of frames on a TCP socket, or on TLS over one. The frames of one turn of the event loop leave in one write.
 *
 * A connection whose other end has vanished without closing it is found by pings: after `pingAfterMs` without a byte this end asks,
 * and after `pingTimeoutMs` more it gives the connection up.
 */
import type { Socket } from 'node:net';
import { KvError } from '../../errors.js';
import { decodeClosed, encodeClosed } from '../frame-messages.js';
import { type FrameListener, type FrameStream, maxQueuedBytes } from '../frame-stream.js';
import { type ControlKind, controlFrame, FrameParser, headerBytes, writeHeader } from './frame-format.js';

/** As long as the keepalive of the gRPC channels. */
const pingAfterMs = 5_000;
const pingTimeoutMs = 2_000;
/** A frame up to this size is copied behind its header: one small write costs less than two. */
const copiedBytes = 4 * 1024;

/** Handles what only one of the two ends receives: `opening` or `accepted`. */
export type HandshakeHandler = (kind: ControlKind, message: Buffer) => void;

export class TcpFrameStream implements FrameStream {
  readonly #socket: Socket;
  readonly #isServer: boolean;
  readonly #onHandshake: HandshakeHandler;
  readonly #parser: FrameParser;
  #listener: FrameListener;
  #corked = false;
  #blocked = false;
  #hasEnded = false;
  #isClosed = false;
  /** Set by `fail`: the socket closes once the status has left. */
  #closing = false;
  #silence: NodeJS.Timeout | undefined;
  #pinged = false;

  constructor(socket: Socket, isServer: boolean, listener: FrameListener, onHandshake: HandshakeHandler) {
    this.#socket = socket;
    this.#isServer = isServer;
    this.#listener = listener;
    this.#onHandshake = onHandshake;
    this.#parser = new FrameParser({
      onFrame: (frame) => this.#listener.onFrame(frame),
      onControl: (kind, message) => this.#control(kind, message),
    });
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('drain', () => this.#drained());
    socket.on('error', (error) => this.#broke(error.message));
    // A half-close is a control frame: the end of the socket's input means that the other process is gone.
    socket.on('end', () => this.#broke('the other end closed the connection'));
    socket.on('close', () => this.#broke('the connection closed'));
    this.#watchSilence();
  }

  /** Frames go to this listener from now on. */
  listen(listener: FrameListener): void {
    this.#listener = listener;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  send(frame: Uint8Array): boolean {
    if (this.#isClosed || this.#hasEnded || this.#closing) return true;
    this.#cork();
    const length = frame.length;
    if (length <= copiedBytes) {
      const whole = Buffer.allocUnsafe(headerBytes + length);
      writeHeader(whole, 0, length);
      whole.set(frame, headerBytes);
      this.#socket.write(whole);
    } else {
      const header = Buffer.allocUnsafe(headerBytes);
      writeHeader(header, 0, length);
      this.#socket.write(header);
      this.#socket.write(frame);
    }
    return this.#mayGoOn();
  }

  /** Sends a control frame, in order with the others. */
  sendControl(kind: ControlKind, message?: Uint8Array): void {
    if (this.#isClosed || this.#closing) return;
    this.#cork();
    this.#socket.write(controlFrame(kind, message));
  }

  pause(): void {
    this.#parser.pause();
    this.#socket.pause();
  }

  resume(): void {
    if (this.#isClosed) return;
    this.#socket.resume();
    this.#parse(() => this.#parser.resume());
  }

  end(): void {
    if (this.#hasEnded || this.#isClosed) return;
    if (this.#isServer) return this.#closeWith(undefined);
    this.sendControl('ended');
    this.#hasEnded = true;
  }

  fail(error: KvError): void {
    if (this.#isClosed || this.#closing) return;
    if (this.#isServer) this.#closeWith(error);
    else this.cancel();
  }

  cancel(): void {
    this.#socket.destroy();
    this.#close(new KvError('CANCELLED', 'the stream was given up'));
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }

  #mayGoOn(): boolean {
    this.#blocked ||= this.#socket.writableLength >= maxQueuedBytes;
    return !this.#blocked;
  }

  #drained(): void {
    if (!this.#blocked || this.#isClosed) return;
    this.#blocked = false;
    this.#listener.onDrain();
  }

  #received(bytes: Buffer): void {
    this.#pinged = false;
    this.#silence?.refresh();
    this.#parse(() => this.#parser.push(bytes));
  }

  #parse(work: () => void): void {
    if (this.#isClosed) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
      if (this.#isServer) this.fail(error);
      else {
        this.#socket.destroy();
        this.#close(error);
      }
    }
  }

  #control(kind: ControlKind, message: Buffer): void {
    switch (kind) {
      case 'ping':
        return this.sendControl('pong', message);
      case 'pong':
        return;
      case 'ended':
        if (this.#isServer) return this.#listener.onEnd();
        throw new KvError('OUTCOME_UNKNOWN', 'only a client half-closes a stream');
      case 'closed':
        if (!this.#isServer) return this.#closedByServer(message);
        throw new KvError('INVALID_ARGUMENT', 'only a server sends a status');
      default:
        return this.#onHandshake(kind, message);
    }
  }

  #closedByServer(message: Buffer): void {
    const error = decodeClosed(message);
    this.#socket.destroy();
    this.#close(error);
  }

  /** A server closes the connection with a status, so that the client knows that nothing is missing. */
  #closeWith(error: KvError | undefined): void {
    this.sendControl('closed', encodeClosed(error));
    this.#endSocket();
    this.#close(error);
  }

  /** Everything that waits leaves first. A client that does not read it is cut off after a while. */
  #endSocket(): void {
    this.#closing = true;
    const socket = this.#socket;
    socket.end();
    socket.resume();
    const patience = setTimeout(() => socket.destroy(), pingTimeoutMs);
    patience.unref();
    socket.once('close', () => clearTimeout(patience));
  }

  #broke(reason: string): void {
    this.#socket.destroy();
    const code = this.#isServer ? 'CANCELLED' : 'OUTCOME_UNKNOWN';
    this.#close(new KvError(code, reason));
  }

  #close(error: KvError | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#silence);
    this.#parser.pause();
    this.#listener.onClosed(error);
  }

  #watchSilence(): void {
    this.#silence = setTimeout(() => this.#silent(), pingAfterMs);
    this.#silence.unref();
  }

  /** A paused end reads nothing, and cannot know whether the other is silent. */
  #silent(): void {
    if (this.#isClosed) return;
    if (this.#socket.isPaused()) return this.#watchSilence();
    if (this.#pinged) return this.#broke(`no byte came for ${pingAfterMs + pingTimeoutMs} ms`);
    this.#pinged = true;
    this.sendControl('ping');
    this.#silence = setTimeout(() => this.#silent(), pingTimeoutMs);
    this.#silence.unref();
  }
}
