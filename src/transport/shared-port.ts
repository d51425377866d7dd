/**
 * One port for several protocols: the first bytes of a connection decide who serves it. Each protocol begins with a preface of its
 * own: HTTP/2 with `PRI * HTTP/2.0`, frames with `KVFRAMES`.
 *
 * A connection that sends nothing, sends its preface too slowly, or sends something else is closed, and its owner counts it.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { CutReason } from './cut-reason.js';

export interface PortProtocol {
  /** Every connection of the protocol begins with these bytes. No preface is the beginning of another. */
  readonly preface: Buffer;
  /** @param socket paused, with its preface still to be read. */
  serve(socket: Socket): void;
}

/** From the connection until its preface has come. */
const defaultPrefaceTimeoutMs = 10_000;

export class SharedPort {
  readonly #protocols: readonly PortProtocol[];
  readonly #onCut: (reason: CutReason) => void;
  readonly #prefaceTimeoutMs: number;
  readonly #servers: Server[] = [];
  readonly #open = new Set<Socket>();
  /** Connections that belong to no protocol yet. */
  readonly #undecided = new Set<Socket>();
  #onNoneOpen = (): void => {};

  /** @param onCut called when a connection is closed before it belongs to a protocol. */
  constructor(
    protocols: readonly PortProtocol[],
    onCut: (reason: CutReason) => void = () => {},
    prefaceTimeoutMs = defaultPrefaceTimeoutMs,
  ) {
    this.#protocols = protocols;
    this.#onCut = onCut;
    this.#prefaceTimeoutMs = prefaceTimeoutMs;
  }

  /** The open connections, of every protocol. */
  get connections(): number {
    return this.#open.size;
  }

  /**
   * Listens on every address.
   *
   * @param port 0 takes any free one, the same for all addresses.
   * @returns the port. Rejects with the error of the first address that cannot be used; then nothing listens.
   */
  async listen(addresses: readonly string[], port: number): Promise<number> {
    let bound = port;
    try {
      for (const host of addresses) bound = await this.#listenOn(host, bound);
      return bound;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Accepts no more connections. Those that belong to a protocol stay. */
  close(): void {
    for (const server of this.#servers.splice(0)) server.close();
    for (const socket of this.#undecided) socket.destroy();
  }

  /** Resolves when no connection is open. Closes those that are still open after `patienceMs`. */
  async drain(patienceMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    const timer = setTimeout(() => {
      for (const socket of this.#open) socket.destroy();
    }, patienceMs);
    await new Promise<void>((resolve) => {
      this.#onNoneOpen = resolve;
    });
    clearTimeout(timer);
  }

  #listenOn(host: string, port: number): Promise<number> {
    const server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        // A connection that cannot be accepted is an error of the server. `Descriptors` logs the cause.
        server.on('error', () => {});
        this.#servers.push(server);
        resolve((server.address() as { readonly port: number }).port);
      });
    });
  }

  #accept(socket: Socket): void {
    this.#open.add(socket);
    this.#undecided.add(socket);
    const timer = setTimeout(() => this.#reject(socket, 'silent'), this.#prefaceTimeoutMs);
    let first: Buffer = Buffer.alloc(0);
    const look = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      first = Buffer.concat([first, bytes]);
      const found = this.#protocolOf(first);
      if (found === 'more') return;
      clearTimeout(timer);
      socket.off('readable', look);
      if (found === undefined) return this.#reject(socket, 'unknown_protocol');
      this.#undecided.delete(socket);
      socket.off('error', ignore);
      socket.unshift(first);
      found.serve(socket);
    };
    const ignore = (): void => {};
    socket.on('error', ignore);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#undecided.delete(socket);
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#onNoneOpen();
    });
    socket.on('readable', look);
  }

  /** 'more': the first bytes decide nothing yet. */
  #protocolOf(first: Buffer): PortProtocol | 'more' | undefined {
    const possible = this.#protocols.filter(({ preface }) => {
      const compared = Math.min(first.length, preface.length);
      return preface.compare(first, 0, compared, 0, compared) === 0;
    });
    const [only] = possible;
    if (only === undefined) return undefined;
    return possible.length === 1 && first.length >= only.preface.length ? only : 'more';
  }

  #reject(socket: Socket, reason: CutReason): void {
    this.#onCut(reason);
    socket.destroy();
  }
}
