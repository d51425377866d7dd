/**
 * Resolution of the host names of gRPC targets, with the resolver of this process in place of grpc-js's own.
 *
 * The resolver of grpc-js forgets the addresses of a name with every channel, and waits for a look-up for each new channel. So a
 * silent name server would hold up every reconnection. Here a channel receives the last known addresses at once. When grpc-js
 * requests another resolution, because a connection was lost or could not be opened, the name is looked up again, and the channel
 * receives the addresses if they have changed. A connection that works stays as it is.
 *
 * grpc-js accepts resolvers of other packages through its `experimental` part.
 */
import { experimental, Metadata, status } from '@grpc/grpc-js';
import { parseAddress } from '../config/address.js';
import { type Resolver, resolver, type UsedName } from './resolver.js';

type GrpcResolver = experimental.Resolver;
type Listener = experimental.ResolverListener;
type Target = experimental.GrpcUri;

const scheme = 'kvnode';

/** The gRPC target for a node's address (host:port). The scheme is needed because a host's name may equal a scheme of grpc-js. */
export function grpcTarget(address: string): string {
  return `${scheme}:${address}`;
}

/** The resolver that grpc-js creates for one target. */
export class NamedTarget implements GrpcResolver {
  readonly #host: string;
  readonly #port: number;
  readonly #listener: Listener;
  readonly #resolver: Resolver;
  #name: UsedName | undefined;
  /** grpc-js waits for a resolution. */
  #isWanted = false;
  /** The addresses that were last reported to grpc-js. */
  #reported: readonly string[] | undefined;

  constructor(target: Target, listener: Listener, _options: object, used: Resolver = resolver) {
    const { host, port } = parseAddress(target.path, 'the address of a node');
    this.#host = host;
    this.#port = port;
    this.#listener = listener;
    this.#resolver = used;
  }

  updateResolution(): void {
    this.#isWanted = true;
    const name = this.#name ?? this.#use();
    this.#name = name;
    name.renew();
    // Reports the known addresses, but not in this turn: grpc-js must not be called within updateResolution.
    setImmediate(() => {
      if (this.#name === name) this.#reportChange(name);
    });
  }

  #use(): UsedName {
    const name: UsedName = this.#resolver.use(this.#host, () => {
      if (this.#name === name) this.#report(name);
    });
    return name;
  }

  /** Reports the result of a look-up. */
  #report(name: UsedName): void {
    if (!this.#isWanted) return;
    this.#reportChange(name);
    const { addresses, failure } = name.state;
    this.#isWanted = addresses === undefined;
    if (addresses !== undefined || failure === undefined) return;
    const details = `the name ${this.#host} does not resolve (${failure.code})`;
    const error = { code: status.UNAVAILABLE, details, metadata: new Metadata() };
    this.#listener({ ok: false, error }, {}, null, '');
  }

  #reportChange({ state: { addresses } }: UsedName): void {
    if (addresses === undefined || addresses === this.#reported) return;
    this.#reported = addresses;
    const value = addresses.map((host) => ({ addresses: [{ host, port: this.#port }] }));
    this.#listener({ ok: true, value }, {}, null, '');
  }

  destroy(): void {
    this.#name?.release();
    this.#name = undefined;
    this.#reported = undefined;
    this.#isWanted = false;
  }

  static getDefaultAuthority(target: Target): string {
    return target.path;
  }
}

experimental.registerResolver(scheme, NamedTarget);
