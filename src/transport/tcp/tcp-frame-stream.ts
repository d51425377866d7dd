/**
 * One end of a stream of frames on a TCP socket, or on TLS over one: docs/frames.md is the specification. Each frame is a write of its
 * own, because its owner gathers in it what a turn of the event loop has for the other end. `liveness.ts` finds an other end that has
 * vanished or does not read.
 */
import type { Socket } from 'node:net';
import { KvError } from '../../errors.js';
import type { CutReason } from '../cut-reason.js';
import { decodeClosed, encodeClosed } from '../frame-messages.js';
import { type FrameListener, type FrameStream, maxQueuedBytes } from '../frame-stream.js';
import { type ControlKind, controlFrame, FrameParser, headerBytes, writeFrameHeader } from './frame-format.js';
import { Liveness, stalledMs } from './liveness.js';

/** Once everything has left, a server waits this long for the client to close the connection. */
const lingerMs = 5_000;
/** A frame up to this size is copied behind its header: one small write costs less than two. */
const copiedBytes = 4 * 1024;

/** What differs between the two ends. */
export interface StreamRole {
  readonly isServer: boolean;
  /** Handles what only one of the two ends receives: `opening` or `accepted`. */
  onHandshake(kind: ControlKind, message: Buffer): void;
  /** This end gives the connection up, because of the other end. */
  onCut(reason: CutReason): void;
}

export class TcpFrameStream implements FrameStream {
  readonly #socket: Socket;
  readonly #isServer: boolean;
  readonly #role: StreamRole;
  readonly #liveness: Liveness;
  readonly #parser: FrameParser;
  #listener: FrameListener;
  #blocked = false;
  #hasEnded = false;
  #isClosed = false;
  #isPaused = false;
  /** Set by `fail`: the socket closes once the status has left. */
  #closing = false;
  /** The rpc is open: frames may have been executed. */
  #isOpen = false;
  /** At a server: the client has sent `ended`. */
  #inputEnded = false;

  constructor(socket: Socket, role: StreamRole, listener: FrameListener) {
    this.#socket = socket;
    this.#isServer = role.isServer;
    this.#role = role;
    this.#listener = listener;
    this.#parser = new FrameParser({
      onFrame: (frame) => this.#frame(frame),
      onControl: (kind, message) => this.#control(kind, message),
    });
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.received(bytes));
    socket.on('drain', () => this.#drained());
    // With several addresses the error has no message of its own, only the code of the first.
    socket.on('error', (error: NodeJS.ErrnoException) => this.#broke(error.message || (error.code ?? 'the connection failed')));
    // A half-close is a control frame: the end of the socket's input means that the other process is gone.
    socket.on('end', () => this.#broke('the other end closed the connection'));
    socket.on('close', () => this.#broke('the connection closed'));
    this.#liveness = new Liveness(socket, {
      ping: () => this.sendControl('ping'),
      signOfLife: () => this.#pong(),
      giveUp: (reason) => this.#giveUp(reason),
    });
  }

  /** The rpc is open. Until this call the owner has a timeout of its own, and no ping is sent. */
  opened(): void {
    this.#isOpen = true;
    this.#liveness.start();
  }

  /** Keeps what comes until `listen`. */
  hold(): void {
    this.#parser.pause();
    this.#socket.pause();
  }

  /** Everything goes to this listener, from the next tick on. */
  listen(listener: FrameListener): void {
    this.#listener = listener;
    const hasGone = this.#isClosed;
    process.nextTick(() => {
      if (hasGone) listener.onClosed(new KvError('CANCELLED', 'the client has gone'));
      else if (!this.#isPaused) this.resume();
    });
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  send(frame: Uint8Array): boolean {
    if (this.#isClosed || this.#hasEnded || this.#closing) return true;
    const length = frame.length;
    if (length <= copiedBytes) {
      const whole = Buffer.allocUnsafe(headerBytes + length);
      writeFrameHeader(whole, 0, length);
      whole.set(frame, headerBytes);
      this.#socket.write(whole);
    } else {
      const header = Buffer.allocUnsafe(headerBytes);
      writeFrameHeader(header, 0, length);
      this.#socket.cork();
      this.#socket.write(header);
      this.#socket.write(frame);
      this.#socket.uncork();
    }
    return this.#mayGoOn();
  }

  /** Sends a control frame, in order with the others. */
  sendControl(kind: ControlKind, message?: Uint8Array): void {
    if (this.#isClosed || this.#closing) return;
    this.#socket.write(controlFrame(kind, message));
  }

  pause(): void {
    this.#isPaused = true;
    this.#parser.pause();
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
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

  #mayGoOn(): boolean {
    this.#blocked ||= this.#socket.writableLength >= maxQueuedBytes;
    return !this.#blocked;
  }

  #drained(): void {
    if (!this.#blocked || this.#isClosed) return;
    this.#blocked = false;
    this.#listener.onDrain();
  }

  /** Bytes have come from the other end. */
  received(bytes: Buffer): void {
    this.#liveness.received();
    this.#parse(() => this.#parser.push(bytes));
  }

  #parse(work: () => void): void {
    if (this.#isClosed) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
      this.#role.onCut(error.code === 'MESSAGE_TOO_LARGE' ? 'too_large' : 'malformed');
      if (this.#isServer) return this.fail(error);
      this.#socket.destroy();
      this.#close(error);
    }
  }

  #frame(frame: Buffer): void {
    if (this.#inputEnded) throw this.#malformed('a frame came after the end of the input');
    this.#listener.onFrame(frame);
  }

  #control(kind: ControlKind, message: Buffer): void {
    switch (kind) {
      case 'ping':
        return this.#pong(message);
      case 'pong':
        return;
      case 'ended':
        if (!this.#isServer) throw this.#malformed('only a client half-closes a stream');
        if (!this.#isOpen || this.#inputEnded) throw this.#malformed('the input ended before the opening, or twice');
        this.#inputEnded = true;
        return this.#listener.onEnd();
      case 'closed':
        if (this.#isServer) throw this.#malformed('only a server sends a status');
        return this.#closedByServer(message);
      default:
        return this.#role.onHandshake(kind, message);
    }
  }

  /** The bytes that wait are a sign of life as well: a client that sends pings and reads nothing must not make the queue grow. */
  #pong(message?: Uint8Array): void {
    if (this.#socket.writableLength < maxQueuedBytes) this.sendControl('pong', message);
  }

  /** What a client sent before it broke the rules may have been executed. If the server breaks them, the client cannot know. */
  #malformed(message: string): KvError {
    if (!this.#isServer) return new KvError('OUTCOME_UNKNOWN', message);
    return new KvError('INVALID_ARGUMENT', message, { executed: this.#isOpen ? 'unknown' : 'no' });
  }

  #closedByServer(message: Buffer): void {
    let error: KvError | undefined;
    try {
      error = decodeClosed(message);
    } catch {
      throw this.#malformed('the server sent what is no status');
    }
    this.#socket.destroy();
    this.#close(error);
  }

  /** A server closes the connection with a status, so that the client knows that nothing is missing. */
  #closeWith(error: KvError | undefined): void {
    this.sendControl('closed', encodeClosed(error));
    this.#endSocket();
    this.#close(error);
  }

  /** Everything that waits leaves first. What the client still sends is read and dropped: unread bytes would reset the connection. */
  #endSocket(): void {
    this.#closing = true;
    const socket = this.#socket;
    socket.end();
    socket.resume();
    const unread = setTimeout(() => {
      this.#role.onCut('not_reading');
      socket.destroy();
    }, stalledMs).unref();
    let unclosed: NodeJS.Timeout | undefined;
    socket.once('finish', () => {
      clearTimeout(unread);
      unclosed = setTimeout(() => socket.destroy(), lingerMs).unref();
    });
    socket.once('close', () => {
      clearTimeout(unread);
      clearTimeout(unclosed);
    });
  }

  #giveUp(reason: 'unresponsive' | 'not_reading'): void {
    this.#role.onCut(reason);
    this.#broke(reason === 'unresponsive' ? 'the other end has fallen silent' : 'the other end reads nothing');
  }

  #broke(reason: string): void {
    this.#socket.destroy();
    const code = this.#isServer ? 'CANCELLED' : 'OUTCOME_UNKNOWN';
    this.#close(new KvError(code, reason));
  }

  #close(error: KvError | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#liveness.stop();
    this.#parser.pause();
    this.#listener.onClosed(error);
  }
}
