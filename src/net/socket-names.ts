/** Resolution of host names for plain sockets, by the resolver of this process: the counterpart of grpc-names.ts. */
import { isIP, type LookupFunction } from 'node:net';
import { type Resolver, resolver } from './resolver.js';

/**
 * The `lookup` option of `net.connect`. A name that was found before resolves at once to its last addresses, and is looked up again
 * meanwhile. Node.js tries the addresses one after the other.
 */
export function socketLookup(used: Resolver = resolver): LookupFunction {
  return (host, _options, callback) => {
    let isOver = false;
    const answer = (): void => {
      const { addresses, failure } = name.state;
      if (isOver || (addresses === undefined && failure === undefined)) return;
      isOver = true;
      name.release();
      // The callback must not run within `lookup`.
      setImmediate(() => {
        if (addresses !== undefined)
          callback(
            null,
            addresses.map((address) => ({ address, family: isIP(address) })),
          );
        else callback(Object.assign(new Error(`the name ${host} does not resolve`), { code: failure?.code }), []);
      });
    };
    const name = used.use(host, answer);
    name.renew();
    if (name.state.addresses !== undefined) answer();
  };
}
