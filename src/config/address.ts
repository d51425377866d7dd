/**
 * Network addresses: the one place that reads, checks and writes hosts and `host:port`.
 *
 * Every spelling of an IP address becomes one canonical spelling, so that two texts name the same address exactly if they
 * are equal: IPv6 in the short form of RFC 5952, IPv4 with four decimal numbers, an IPv4 address mapped into IPv6 as IPv4.
 * Names keep their spelling; they are never resolved here. An IPv6 address stands in brackets wherever a port follows.
 *
 * Addresses with a zone (`fe80::1%eth0`) and other link-local IPv6 addresses are refused: the zone names an interface of
 * one machine, and an address of kvnode is handed from machine to machine.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { KvError } from '../errors.js';

export interface Address {
  /** A name, or an IP address in its canonical spelling, without brackets. */
  readonly host: string;
  /** 1 to 65,535. */
  readonly port: number;
}

/** What a text means, or the end of a sentence that tells why it means nothing: "must be host:port ...". */
export type Reading<Value> =
  | { readonly value: Value; readonly refusal?: undefined }
  | { readonly value?: undefined; readonly refusal: string };

const noHost = 'is not a host name or an IP address';
const needsPort =
  'must be host:port with a port from 1 to 65535, and an IPv6 address in square brackets, such as [2001:db8::1]:9090';
const hasZone =
  'is an address of one link only: its zone or interface means nothing on another machine. Give a global or a unique local address';

/** A domain name has at most this many characters (RFC 1035). */
const maxNameLength = 253;
/** Labels of letters, digits, hyphens and underscores; a dot may end the last. Container names have underscores. */
const hostName = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/;
/** Whatever the resolvers of operating systems take for an IPv4 address: `127.1`, `0x7f.0.0.1`, `0`. */
const numericName = /^(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+))*\.?$/i;
const mappedIpv4 = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

const linkLocal = new BlockList();
linkLocal.addSubnet('fe80::', 10, 'ipv6');

/** @param text a name or an IP address, an IPv6 address with or without brackets. */
export function readHost(text: string): Reading<string> {
  const bracketed = /^\[(.*)\]$/.exec(text)?.[1];
  if (bracketed !== undefined || text.includes(':')) return readIpv6(bracketed ?? text);
  const ascii = /\P{ASCII}/u.test(text) ? domainToASCII(text) : text;
  if (numericName.test(ascii)) return readIpv4(ascii);
  return hostName.test(ascii) && ascii.length <= maxNameLength ? { value: ascii } : { refusal: noHost };
}

/** @param text `host:port`, with square brackets around an IPv6 address and around nothing else. */
export function readAddress(text: string): Reading<Address> {
  const [, host = '', digits] = /^(\[[^[\]]*\]|[^:[\]]+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535)) return { refusal: needsPort };
  const { value, refusal } = readHost(host);
  return refusal === undefined ? { value: { host: value, port } } : { refusal };
}

/** `host:port[,host:port...]`; blanks around a part do not count. */
export function readAddresses(text: string): Reading<readonly Address[]> {
  const addresses: Address[] = [];
  for (const part of text.split(',').map((spelled) => spelled.trim())) {
    const { value, refusal } = readAddress(part);
    if (refusal !== undefined) return { refusal: part === text ? refusal : `holds "${part}", which ${refusal}` };
    addresses.push(value);
  }
  return { value: addresses };
}

/** @throws KvError INVALID_OPTION: `label: "text" must be host:port ...` */
export function parseAddress(text: string, label: string): Address {
  const { value, refusal } = readAddress(text);
  if (refusal === undefined) return value;
  throw new KvError('INVALID_OPTION', `${label}: ${JSON.stringify(text)} ${refusal}`);
}

/** `host:port[,host:port...]` as canonical addresses. @throws KvError INVALID_OPTION: `label: "text" must be host:port ...` */
export function parseAddressList(text: string, label: string): string[] {
  const { value, refusal } = readAddresses(text);
  if (refusal === undefined) return value.map(formatAddress);
  throw new KvError('INVALID_OPTION', `${label}: ${JSON.stringify(text)} ${refusal}`);
}

/** `host:port`, with brackets around an IPv6 address: what `readAddress` reads. */
export function joinAddress(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

export function formatAddress({ host, port }: Address): string {
  return joinAddress(host, port);
}

export function formatAddresses(addresses: readonly Address[]): string {
  return addresses.map(formatAddress).join(',');
}

/** One can listen on such a host, which stands for all addresses of the machine, but nobody can connect to it. @param host canonical. */
export function isEveryInterface(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function readIpv6(text: string): Reading<string> {
  const [address = ''] = text.split('%');
  if (!isIPv6(address)) return { refusal: noHost };
  if (text !== address || linkLocal.check(address, 'ipv6')) return { refusal: hasZone };
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = mappedIpv4.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return { value: canonical };
  const bits = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16);
  return { value: [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.') };
}

/** The parser of URLs reads numbers as `inet_aton` does, which is what resolvers use. */
function readIpv4(text: string): Reading<string> {
  const canonical = URL.canParse(`http://${text}`) ? new URL(`http://${text}`).hostname : '';
  return isIPv4(canonical) ? { value: canonical } : { refusal: noHost };
}
