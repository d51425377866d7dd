/**
 * Plain-text credentials that remember the sockets of their channel, so that an abandoned channel can be torn down.
 *
 * Closing a grpc-js channel closes its connections gracefully. A connection that never finished its handshake stays open, and each
 * further attempt would leave one more open socket. The credentials are the only place where a channel exposes its sockets.
 */
import type { Socket } from 'node:net';
import { ChannelCredentials, credentials } from '@grpc/grpc-js';

type CreateConnector = ChannelCredentials['_createSecureConnector'];

export class TrackedCredentials extends ChannelCredentials {
  readonly #plain = credentials.createInsecure();
  readonly #sockets = new Set<Socket>();
  #destroyed = false;

  /** Destroys every connection, and every later one as soon as it is made. */
  destroySockets(): void {
    this.#destroyed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  override _isSecure(): boolean {
    return this.#plain._isSecure();
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(...details: Parameters<CreateConnector>): ReturnType<CreateConnector> {
    const connector = this.#plain._createSecureConnector(...details);
    return {
      ...connector,
      connect: (socket) => {
        this.#track(socket);
        return connector.connect(socket);
      },
    };
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.#destroyed) socket.destroy();
  }
}
