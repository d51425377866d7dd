import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readHost } from './address.js';
import { formatConnectString, locateRoot, readConnectString, readZnodePath } from './connect-string.js';

const part = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/).filter((text) => text !== 'zookeeper');
const path = fc.array(part, { maxLength: 4 }).map((parts) => parts.map((one) => `/${one}`).join(''));
const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()).filter((text) => readHost(text).refusal === undefined);
const server = fc.record({ host: host.map((text) => readHost(text).value!), port: fc.integer({ min: 1, max: 65_535 }) });

describe('znode path', () => {
  test('a slash at the end does not count', () => {
    fc.assert(
      fc.property(path, (text) => {
        expect(readZnodePath(`${text}/`)).toEqual({ value: text });
        if (text !== '') expect(readZnodePath(text)).toEqual({ value: text });
      }),
    );
  });

  test.each(['', 'kvstore', '//', '/a//b', '/a//', '/a b', '/é'])('%j is refused, since it is not a path', (text) =>
    expect(readZnodePath(text).refusal).toContain('must be a path such as /kvstore'),
  );
  test.each(['/./a', '/a/../b', '/..'])('%j is refused', (text) =>
    expect(readZnodePath(text).refusal).toBe('must not contain . or .. as a part'),
  );
  test.each(['/zookeeper', '/zookeeper/', '/zookeeper/quota'])("%s is ZooKeeper's own", (text) =>
    expect(readZnodePath(text).refusal).toContain("ZooKeeper's own"),
  );
});

describe('connection string', () => {
  test('a formatted string is read again as the same servers and chroot', () => {
    fc.assert(
      fc.property(fc.array(server, { minLength: 1, maxLength: 4 }), path, (servers, chroot) => {
        const connect = { servers, chroot };
        expect(readConnectString(formatConnectString(connect))).toEqual({ value: connect });
        expect(readConnectString(`${formatConnectString(connect)}/`)).toEqual({ value: connect });
      }),
    );
  });

  test('IPv6 in brackets, several servers, a chroot', () => {
    const servers = [
      { host: '::1', port: 2_181 },
      { host: 'zk-2', port: 2_182 },
    ];
    expect(readConnectString('[0:0::1]:2181, zk-2:2182/apps/kv/')).toEqual({ value: { servers, chroot: '/apps/kv' } });
  });

  test.each([
    ['', 'must be host:port'],
    ['localhost', 'must be host:port'],
    ['a:1,', 'holds "", which must be host:port'],
    ['::1:2181', 'must be host:port'],
    ['a:1//x', 'ends with "//x", which must be a path such as /kvstore'],
    ['a:1/zookeeper', 'ends with "/zookeeper", which must not lie in /zookeeper, which is ZooKeeper\'s own'],
  ])('%j is refused', (text, reason) => expect(readConnectString(text).refusal).toContain(reason));
});

describe('root znode on its servers', () => {
  test.each([
    ['localhost:2181', '/kvstore', 'localhost:2181', '/kvstore'],
    ['a:1,b:2/apps/kv', '/kvstore/', 'a:1,b:2', '/apps/kv/kvstore'],
    ['a:1,b:2/apps/kv/', '/kvstore', 'a:1,b:2', '/apps/kv/kvstore'],
    ['a:1,b:2/apps/kv/', '/', 'a:1,b:2', '/apps/kv'],
    ['a:1, b:2', '/kvstore', 'a:1,b:2', '/kvstore'],
    ['[0:0::1]:2181/', '/', '[::1]:2181', ''],
  ])('%s and root %s', (connect, root, servers, path) => {
    expect(locateRoot(connect, root)).toEqual({ servers, root: path });
  });

  test.each(['', 'localhost', 'a:1,', '::1:2181', 'a:1//x', 'a:1/../x'])('refuses --zk %j', (connect) => {
    expect(() => locateRoot(connect, '/kvstore')).toThrow(/--zk/);
  });

  test.each(['kvstore', '//x', '/a/./b'])('refuses --root %j', (root) => {
    expect(() => locateRoot('a:1', root)).toThrow(/--root/);
  });
});
