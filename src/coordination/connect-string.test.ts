import { describe, expect, it } from 'vitest';
import { locate } from './connect-string.js';

describe('connection string', () => {
  it.each([
    ['localhost:2181', '/kvstore', 'localhost:2181', '/kvstore'],
    ['a:1,b:2/apps/kv', '/kvstore/', 'a:1,b:2', '/apps/kv/kvstore'],
    ['a:1, b:2', '/kvstore', 'a:1,b:2', '/kvstore'],
    ['[0:0::1]:2181/', '/', '[::1]:2181', ''],
  ])('%s and root %s', (connect, root, servers, path) => {
    expect(locate(connect, root)).toEqual({ servers, root: path });
  });

  it.each(['', 'localhost', 'a:1,', '::1:2181', 'a:1//x', 'a:1/../x'])('refuses --zk %j', (connect) => {
    expect(() => locate(connect, '/kvstore')).toThrow(/--zk/);
  });

  it.each(['kvstore', '//x', '/a/./b'])('refuses --root %j', (root) => {
    expect(() => locate('a:1', root)).toThrow(/--root/);
  });
});
