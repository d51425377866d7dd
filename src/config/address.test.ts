import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Address,
  formatAddress,
  formatAddresses,
  isEveryInterface,
  joinAddress,
  parseAddress,
  readAddress,
  readAddresses,
  readHost,
} from './address.js';

const port = fc.integer({ min: 1, max: 65_535 });
const global = fc.ipV6().filter((text) => readHost(text).refusal === undefined);
const name = fc.domain();
const host = fc.oneof(fc.ipV4(), global, name);

describe('host', () => {
  test.each([
    ['0.0.0.0', '::', '::0', '0', '[::]', '0:0:0:0:0:0:0:0', '0000:0000:0000:0000:0000:0000:0000:0000', '::ffff:0.0.0.0'],
    ['::ffff:0:0', '[::ffff:0.0.0.0]', '0x0', '0X0', '00', '000.000.000.000', '0.0', '0.0.0', '0x0.0.0.0', '::0.0.0.0', '0.'],
  ])('every spelling of all interfaces is recognised: %s %s %s ...', (...spellings) => {
    for (const spelled of spellings) {
      const { value, refusal } = readHost(spelled);
      expect(refusal, spelled).toBeUndefined();
      expect(isEveryInterface(value!), spelled).toBe(true);
    }
  });

  test.each([
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['0:0::0:1', '::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['0x7f.0.0.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['localhost', 'localhost'],
    ['Node-1.Example', 'Node-1.Example'],
    ['kv_node-1', 'kv_node-1'],
    ['node.1', 'node.1'],
    ['1e1', '1e1'],
    ['example.org.', 'example.org.'],
    ['münchen.example', 'xn--mnchen-3ya.example'],
  ])('%s is %s, and no other interface', (spelled, canonical) => {
    expect(readHost(spelled)).toEqual({ value: canonical });
    expect(isEveryInterface(canonical)).toBe(false);
  });

  test.each(['', ' ', 'a b', 'a..b', '.a', '*', ':', ':::', '1::2::3', '[127.0.0.1]', '[a]', '[]', '[::1', '::1]', '256.0.0.1'])(
    '%j is no host',
    (text) => expect(readHost(text).refusal).toBe('is not a host name or an IP address'),
  );
  test.each(['1.2.3.4.5', '4294967296', '08.0.0.1', 'a/b', 'a@b', 'a?b', 'x'.repeat(254), '[[::1]]', '%eth0', 'a%25'])(
    '%j is no host either',
    (text) => expect(readHost(text).refusal).toBe('is not a host name or an IP address'),
  );

  test.each(['fe80::1%eth0', '[fe80::1%eth0]', 'fe80::1', 'febf::1', '::1%lo', '::%lo', '2001:db8::1%1'])(
    '%s is refused, because it means nothing on another machine',
    (text) => expect(readHost(text).refusal).toContain('means nothing on another machine'),
  );

  test('a canonical spelling is read as itself', () => {
    fc.assert(
      fc.property(host, (text) => {
        const { value } = readHost(text);
        expect(readHost(value!)).toEqual({ value });
      }),
    );
  });

  test('every text is either refused or has a canonical spelling that is an IP address or a plain name', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.ipV6(), fc.webAuthority()), (text) => {
        const { value, refusal } = readHost(text);
        if (refusal !== undefined) return;
        expect(isIP(value) !== 0 || /^[A-Za-z0-9._-]+$/.test(value)).toBe(true);
        expect(readHost(value)).toEqual({ value });
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('host:port', () => {
  test('a joined address is read again as the same host and port, also by the URL parser of Node.js', () => {
    fc.assert(
      fc.property(host, port, (spelled, number) => {
        const address: Address = { host: readHost(spelled).value!, port: number };
        const joined = formatAddress(address);
        expect(readAddress(joined)).toEqual({ value: address });
        const { hostname, port: inUrl } = new URL(`http://${joined}`);
        expect(hostname.replace(/^\[|\]$/g, '')).toBe(address.host.toLowerCase());
        expect(inUrl).toBe(number === 80 ? '' : String(number));
      }),
    );
  });

  test('a joined list is read again as the same list, with any blanks around the commas', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ host, port }), { minLength: 1, maxLength: 5 }), (spelled) => {
        const addresses = spelled.map((one) => ({ ...one, host: readHost(one.host).value! }));
        const joined = formatAddresses(addresses);
        expect(readAddresses(joined)).toEqual({ value: addresses });
        expect(readAddresses(` ${joined.replaceAll(',', ' , ')} `)).toEqual({ value: addresses });
      }),
    );
  });

  test('only an IPv6 address gets brackets', () => {
    expect(joinAddress('::1', 20_145)).toBe('[::1]:20145');
    expect(joinAddress('127.0.0.1', 20_145)).toBe('127.0.0.1:20145');
    expect(joinAddress('localhost', 20_145)).toBe('localhost:20145');
  });

  test.each(['', 'a', ':1', 'a:', 'a:0', 'a:65536', 'a:000001', 'a:1:2', '::1:20145', '::1', '[::1]', 'a:1x', 'a: 1', 'a:-1'])(
    '%j is refused with the form that is wanted',
    (text) => {
      expect(readAddress(text).refusal).toContain('must be host:port with a port from 1 to 65535');
      expect(readAddress(text).refusal).toContain('IPv6 address in square brackets');
    },
  );

  test('the error names the refused address of a list', () => {
    expect(readAddresses('a:1,b').refusal).toContain('holds "b", which must be host:port');
    expect(readAddresses('a:1,').refusal).toContain('holds "", which must be host:port');
  });

  test('the error names the option that held the text', () => {
    expect(() => parseAddress('a', '--advertise')).toThrow('--advertise: "a" must be host:port');
    expect(parseAddress('[0::1]:09', '--advertise')).toEqual({ host: '::1', port: 9 });
  });
});
