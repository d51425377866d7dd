/** host:port, taken apart and put together; a literal IPv6 address stands in brackets. */
export interface HostPort {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** @param address one that was checked before: `host:port`, `[literal]:port`. */
export function splitAddress(address: string): HostPort {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}
