import { describe, expect, test } from 'vitest';
import { chooseTarget } from './choose-target.js';

const nothingTyped = { nodes: undefined, zk: undefined, root: undefined };

describe('kvctl - the choice of the cluster', () => {
  test('the default is ZooKeeper on this machine', () => {
    expect(chooseTarget(nothingTyped, {})).toEqual({ zk: 'localhost:2181', root: '/kvstore' });
  });

  test('in the environment nodes win over ZooKeeper', () => {
    const environment = { KVNODE_NODES: 'a:1, b:2', KVNODE_ZK: 'z:2181' };
    expect(chooseTarget(nothingTyped, environment)).toEqual({ nodes: ['a:1', 'b:2'] });
  });

  test('options win over the environment', () => {
    const environment = { KVNODE_NODES: 'a:1', KVNODE_ZK: 'y:2181', KVNODE_ROOT: '/other' };
    expect(chooseTarget({ ...nothingTyped, zk: 'z:2181' }, environment)).toEqual({ zk: 'z:2181', root: '/other' });
    expect(chooseTarget({ ...nothingTyped, nodes: 'b:2' }, environment)).toEqual({ nodes: ['b:2'] });
    expect(chooseTarget({ ...nothingTyped, nodes: '[0::1]:1' }, environment)).toEqual({ nodes: ['[::1]:1'] });
    expect(chooseTarget({ ...nothingTyped, root: '/mine/' }, environment)).toEqual({ zk: 'y:2181', root: '/mine' });
  });

  test('nodes together with ZooKeeper, and invalid addresses, are refused', () => {
    expect(() => chooseTarget({ ...nothingTyped, nodes: 'a:1', zk: 'z:2181' }, {})).toThrow(
      '--nodes and --zk exclude each other',
    );
    expect(() => chooseTarget({ ...nothingTyped, nodes: 'a:1', root: '/x' }, {})).toThrow(
      '--nodes and --root exclude each other',
    );
    expect(() => chooseTarget({ ...nothingTyped, nodes: 'a:1,b' }, {})).toThrow(
      '--nodes: "a:1,b" holds "b", which must be host:port',
    );
    expect(() => chooseTarget({ ...nothingTyped, nodes: '::1:9090' }, {})).toThrow('IPv6 address in square brackets');
    expect(() => chooseTarget(nothingTyped, { KVNODE_NODES: 'a' })).toThrow('KVNODE_NODES: "a" must be host:port');
    expect(() => chooseTarget({ ...nothingTyped, zk: 'z' }, {})).toThrow('--zk: "z" must be host:port');
    expect(() => chooseTarget(nothingTyped, { KVNODE_ROOT: 'x' })).toThrow('KVNODE_ROOT: "x" must be a path such as /kvstore');
  });
});
