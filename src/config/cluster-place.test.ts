/** Every program reads --zk and --root in the same way: one spelling, one default, one set of refusals. */
import { describe, expect, test } from 'vitest';
import { parseBenchCommandLine } from '../../bench/command-line.js';
import { chooseTarget } from '../cli/kvctl/choose-target.js';
import { parseNodeCommandLine } from '../cli/node-command-line.js';
import { locateRoot, resolveOptions } from './index.js';

interface Place {
  readonly zk: string;
  readonly root: string;
}

const programs: Readonly<Record<string, (zk?: string, root?: string) => Promise<Place>>> = {
  async kvnode(zk, root) {
    const { given } = await parseNodeCommandLine(wordsOf(zk, root));
    const { values } = resolveOptions({ commandLine: given, environment: {} });
    return { zk: values.zk, root: values.root };
  },
  async 'kvnode from the environment'(KVNODE_ZK, KVNODE_ROOT) {
    const { values } = resolveOptions({ commandLine: {}, environment: { KVNODE_ZK, KVNODE_ROOT } });
    return { zk: values.zk, root: values.root };
  },
  async kvctl(zk, root) {
    return chooseTarget({ nodes: undefined, zk, root }, {}) as Place;
  },
  async 'kvctl from the environment'(KVNODE_ZK, KVNODE_ROOT) {
    return chooseTarget({ nodes: undefined, zk: undefined, root: undefined }, { KVNODE_ZK, KVNODE_ROOT }) as Place;
  },
  async kvbench(zk, root) {
    return (await parseBenchCommandLine(wordsOf(zk, root))).target as Place;
  },
};

function wordsOf(zk?: string, root?: string): string[] {
  return [...(zk === undefined ? [] : ['--zk', zk]), ...(root === undefined ? [] : ['--root', root])];
}

describe.each(Object.keys(programs))('%s', (name) => {
  const placeOf = programs[name]!;

  test('the default is one cluster on this machine', async () => {
    expect(await placeOf()).toEqual({ zk: 'localhost:2181', root: '/kvstore' });
  });

  test.each([
    ['a:2181', '/kvstore', 'a:2181', '/kvstore'],
    ['a:2181', '/kvstore/', 'a:2181', '/kvstore'],
    ['a:2181/', '/', 'a:2181', '/'],
    ['a:2181/apps/', '/kv/', 'a:2181/apps', '/kv'],
    ['[0:0::1]:2181, b:2182/apps', '/kv', '[::1]:2181,b:2182/apps', '/kv'],
  ])('--zk %j --root %j', async (zk, root, canonicalZk, canonicalRoot) => {
    const place = await placeOf(zk, root);
    expect(place).toEqual({ zk: canonicalZk, root: canonicalRoot });
    // A client and a node use the same znode for every spelling.
    expect(locateRoot(zk, root)).toEqual(locateRoot(place.zk, place.root));
  });

  test.each([
    ['a', '/kvstore', /"a" must be host:port/],
    ['a:1//x', '/kvstore', /ends with "\/\/x", which must be a path/],
    ['a:1', 'kvstore', /"kvstore" must be a path such as \/kvstore/],
    ['a:1', '/kvstore//', /"\/kvstore\/\/" must be a path such as \/kvstore/],
  ])('--zk %j --root %j is refused', async (zk, root, message) => {
    await expect(async () => placeOf(zk, root)).rejects.toThrow(message);
  });
});
