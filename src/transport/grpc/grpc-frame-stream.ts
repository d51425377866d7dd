/** Streams of frames as bidirectional gRPC streams: each frame is a message. */
import type { ClientDuplexStream, Metadata, ServerDuplexStream, ServiceError, StatusObject } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { namedClusters } from '../../wire/contract/cluster-name.js';
import { fromStatus, toStatus } from '../../wire/contract/grpc-status.js';
import { type FrameListener, type FrameStream, maxQueuedBytes, type OpeningListener } from '../frame-stream.js';

type Call = ClientDuplexStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** What both ends of a gRPC stream have in common. */
abstract class GrpcFrameStream<AnyCall extends Call> implements FrameStream {
  protected readonly call: AnyCall;
  protected isClosed = false;
  readonly #listener: FrameListener;
  #queuedBytes = 0;
  #blocked = false;
  #hasEnded = false;

  constructor(call: AnyCall, listener: FrameListener) {
    this.call = call;
    this.#listener = listener;
    call.on('data', (frame: Buffer) => !this.isClosed && listener.onFrame(frame));
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  send(frame: Uint8Array): boolean {
    if (this.isClosed || this.#hasEnded) return true;
    this.#queuedBytes += frame.length;
    this.call.write(frame as Buffer, () => this.#left(frame.length));
    this.#blocked ||= this.#queuedBytes >= maxQueuedBytes;
    return !this.#blocked;
  }

  pause(): void {
    this.call.pause();
  }

  resume(): void {
    this.call.resume();
  }

  end(): void {
    if (this.#hasEnded || this.isClosed) return;
    this.#hasEnded = true;
    this.call.end();
  }

  abstract fail(error: KvError): void;
  abstract cancel(): void;

  protected close(error: KvError | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#listener.onClosed(error);
  }

  #left(bytes: number): void {
    this.#queuedBytes -= bytes;
    if (!this.#blocked || this.#queuedBytes > 0) return;
    this.#blocked = false;
    if (!this.isClosed) this.#listener.onDrain();
  }
}

/** A client's end. */
export class GrpcClientStream extends GrpcFrameStream<ClientDuplexStream<Buffer, Buffer>> {
  constructor(call: ClientDuplexStream<Buffer, Buffer>, listener: OpeningListener) {
    super(call, listener);
    call.on('metadata', (metadata: Metadata) => {
      if (this.isClosed) return;
      listener.onAccepted(namedClusters(metadata)[0] ?? '');
    });
    call.on('error', (error: ServiceError) => {
      const known = fromStatus(error);
      // Only the text tells a connection that was never there from one that broke; the status code does not.
      const isNeverSent = error.code === status.UNAVAILABLE && error.details.startsWith('No connection established');
      this.close(isNeverSent ? new KvError('UNREACHABLE', error.details) : known);
    });
    // The status of a stream that ended well may come before the last frames.
    call.on('end', () => this.#ended());
    call.on('status', ({ code }: StatusObject) => {
      this.#isOk = code === status.OK;
      this.#ended();
    });
  }

  #isOk = false;
  #ends = 0;

  fail(): void {
    this.cancel();
  }

  cancel(): void {
    this.call.cancel();
    this.close(new KvError('CANCELLED', 'the stream was given up'));
  }

  #ended(): void {
    this.#ends += 1;
    if (this.#ends >= 2 && this.#isOk) this.close(undefined);
  }
}

/** A server's end. */
export class GrpcServerStream extends GrpcFrameStream<ServerDuplexStream<Buffer, Buffer>> {
  constructor(call: ServerDuplexStream<Buffer, Buffer>, listener: FrameListener) {
    super(call, listener);
    const gone = (): void => this.close(new KvError('CANCELLED', 'the client has gone'));
    call.on('end', () => !this.isClosed && listener.onEnd());
    call.on('cancelled', gone);
    call.on('error', gone);
  }

  override end(): void {
    super.end();
    this.close(undefined);
  }

  fail(error: KvError): void {
    if (this.isClosed) return;
    this.close(error);
    this.call.emit('error', toStatus(error));
  }

  cancel(): void {
    if (this.isClosed) return;
    this.close(new KvError('CANCELLED', 'the stream was given up'));
    this.call.destroy();
  }
}
