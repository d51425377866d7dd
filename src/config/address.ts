/**
 * Network addresses: the only place that parses, checks and formats hosts and `host:port`.
 *
 * Every spelling of an IP address becomes one canonical spelling, so two texts name the same address exactly if they are
 * equal. IPv6 takes the short form of RFC 5952, IPv4 takes four decimal numbers, and an IPv4 address mapped into IPv6 becomes
 * IPv4. Names keep their spelling; this file never resolves them. An IPv6 address has brackets wherever a port follows.
 *
 * Addresses with a zone (`fe80::1%eth0`) and other link-local IPv6 addresses are refused. The zone names an interface of one
 * machine, but kvnode sends addresses from machine to machine.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { accepted, type Reading } from './reading.js';

export interface Address {
  /** A name, or an IP address in its canonical spelling, without brackets. */
  readonly host: string;
  /** 1 to 65,535. */
  readonly port: number;
}

const noHost = 'is not a host name or an IP address';
const needsPort =
  'must be host:port with a port from 1 to 65535, and an IPv6 address in square brackets, such as [2001:db8::1]:9090';
const hasZone =
  'is an address of one link only: its zone or interface means nothing on another machine. Give a global or a unique local address';

/** A domain name has at most this many characters (RFC 1035). */
const maxNameLength = 253;
/** Labels of letters, digits, hyphens and underscores (container names have underscores); a dot may end the last label. */
const hostName = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/;
/** A text that resolvers of operating systems read as an IPv4 address: `127.1`, `0x7f.0.0.1`, `0`. */
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

/** `host:port[,host:port...]`; blanks around an address do not count. */
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
  return accepted(label, text, readAddress);
}

/** `host:port[,host:port...]` as canonical addresses. @throws KvError INVALID_OPTION: `label: "text" must be host:port ...` */
export function parseAddressList(text: string, label: string): string[] {
  return accepted(label, text, readAddresses).map(formatAddress);
}

/** `host:port`, with brackets around an IPv6 address; `readAddress` reads it back. */
export function joinAddress(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

export function formatAddress({ host, port }: Address): string {
  return joinAddress(host, port);
}

export function formatAddresses(addresses: readonly Address[]): string {
  return addresses.map(formatAddress).join(',');
}

/** Whether the host stands for all addresses of the machine: a server can listen on it, but no client can connect to it. @param host canonical. */
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

/** The URL parser reads numbers as `inet_aton` does, and resolvers use `inet_aton`. */
function readIpv4(text: string): Reading<string> {
  const canonical = URL.canParse(`http://${text}`) ? new URL(`http://${text}`).hostname : '';
  return isIPv4(canonical) ? { value: canonical } : { refusal: noHost };
}
