/** A TCP proxy that can be silenced: connections stay open, new ones are accepted, and no bytes pass. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const loopback = '127.0.0.1';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

export class SilencingProxy {
  readonly #targetPort: number;
  readonly #server = createServer({ pauseOnConnect: true }, (near) => this.#accept(near));
  readonly #pairs = new Set<Pair>();
  #silent = false;

  static async start(targetPort: number): Promise<SilencingProxy> {
    const proxy = new SilencingProxy(targetPort);
    proxy.#server.listen(0, loopback);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  silence(): void {
    this.#silent = true;
    for (const { near, far } of this.#pairs) {
      near.unpipe(far).pause();
      far.unpipe(near).pause();
    }
  }

  /** Lets bytes pass again. Delayed bytes arrive now, as after a retransmission. */
  heal(): void {
    if (!this.#silent) return;
    this.#silent = false;
    for (const pair of this.#pairs) join(pair);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    await closed;
  }

  #accept(near: Socket): void {
    const far = connect(this.#targetPort, loopback);
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay();
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (!this.#silent) join(pair);
  }
}

function join({ near, far }: Pair): void {
  near.pipe(far);
  far.pipe(near);
}
