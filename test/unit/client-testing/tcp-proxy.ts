/** A TCP proxy in front of a server, for tests. It can cut connections, lose what the server answers, and refuse new connections. */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';

export class TcpProxy {
  readonly #server: net.Server;
  #port = 0;
  readonly #pairs = new Set<readonly [net.Socket, net.Socket]>();

  private constructor(targetPort: number) {
    this.#server = net.createServer((from) => this.#accept(from, targetPort));
  }

  /** `port`: by default any free one. */
  static async start(targetPort: number, port = 0): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(port, '127.0.0.1');
    await once(proxy.#server, 'listening');
    proxy.#port = (proxy.#server.address() as AddressInfo).port;
    return proxy;
  }

  /** The address, even after the proxy is closed. */
  get port(): number {
    return this.#port;
  }

  cutConnections(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** On present connections, what the server sends is lost. */
  loseAnswers(): void {
    for (const [from, to] of this.#pairs) to.unpipe(from).resume();
  }

  /** New connections are refused, present ones cut. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cutConnections();
    await closed;
  }

  #accept(from: net.Socket, targetPort: number): void {
    const to = net.connect(targetPort, '127.0.0.1');
    const pair = [from, to] as const;
    this.#pairs.add(pair);
    for (const [one, other] of [pair, [to, from] as const]) {
      one.setNoDelay();
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
      one.pipe(other);
    }
  }
}

/** A server that accepts connections and never sends anything. */
export class SilentServer {
  readonly #sockets = new Set<net.Socket>();
  readonly #server = net.createServer((socket) => {
    this.accepted += 1;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.resume();
  });
  accepted = 0;

  static async start(): Promise<SilentServer> {
    const silent = new SilentServer();
    silent.#server.listen(0, '127.0.0.1');
    await once(silent.#server, 'listening');
    return silent;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Resolves when every client has closed its connections. */
  async allClosed(): Promise<void> {
    for (const socket of [...this.#sockets]) await once(socket, 'close');
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
