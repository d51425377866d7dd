/**
 * Host names of gRPC targets, resolved by the resolver of the process instead of grpc-js's own.
 *
 * That one forgets the addresses of a name with every channel and waits for a look-up for each new one, so that a silent
 * name server would hold up every connection that is opened again. With this one a channel is given the last addresses at
 * once. When grpc-js asks for another resolution, because a connection was lost or could not be opened, the name is looked
 * up again, and the channel is given the addresses if they have changed. A connection that works is left alone.
 *
 * grpc-js offers resolvers of one's own in its `experimental` part.
 */
import { experimental, Metadata, status } from '@grpc/grpc-js';
import { parseAddress } from '../config/index.js';
import { type Resolver, resolver, type UsedName } from './resolver.js';

type GrpcResolver = experimental.Resolver;
type Listener = experimental.ResolverListener;
type Target = experimental.GrpcUri;

const scheme = 'kvnode';

/** What to give grpc-js for the address, host:port, of a node. A host may be called like one of grpc-js's own schemes. */
export function grpcTarget(address: string): string {
  return `${scheme}:${address}`;
}

export class NamedTarget implements GrpcResolver {
  readonly #host: string;
  readonly #port: number;
  readonly #listener: Listener;
  readonly #resolver: Resolver;
  #name: UsedName | undefined;
  /** grpc-js waits for a resolution. */
  #isWanted = false;
  /** What grpc-js was given last. */
  #told: readonly string[] | undefined;

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
    // What is known already, though not in this turn: grpc-js must not be called within updateResolution.
    setImmediate(() => {
      if (this.#name === name) this.#tellChange(name);
    });
  }

  #use(): UsedName {
    const name: UsedName = this.#resolver.use(this.#host, () => {
      if (this.#name === name) this.#tell(name);
    });
    return name;
  }

  /** After a look-up. */
  #tell(name: UsedName): void {
    if (!this.#isWanted) return;
    this.#tellChange(name);
    const { addresses, failure } = name.state;
    this.#isWanted = addresses === undefined;
    if (addresses !== undefined || failure === undefined) return;
    const details = `the name ${this.#host} does not resolve (${failure.code})`;
    const error = { code: status.UNAVAILABLE, details, metadata: new Metadata() };
    this.#listener({ ok: false, error }, {}, null, '');
  }

  #tellChange({ state: { addresses } }: UsedName): void {
    if (addresses === undefined || addresses === this.#told) return;
    this.#told = addresses;
    const value = addresses.map((host) => ({ addresses: [{ host, port: this.#port }] }));
    this.#listener({ ok: true, value }, {}, null, '');
  }

  destroy(): void {
    this.#name?.release();
    this.#name = undefined;
    this.#told = undefined;
    this.#isWanted = false;
  }

  static getDefaultAuthority(target: Target): string {
    return target.path;
  }
}

experimental.registerResolver(scheme, NamedTarget);
