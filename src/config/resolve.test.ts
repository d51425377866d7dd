import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { KvError } from '../errors.js';
import { flagOf, optionNames, optionSpecs, resolveOptions, variableOf } from './index.js';
import type { OptionSources } from './resolve.js';

function resolve(sources: Partial<OptionSources>) {
  return resolveOptions({ commandLine: {}, environment: {}, ...sources });
}

function messageOf(sources: Partial<OptionSources>): string {
  try {
    resolve(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(KvError);
    expect((error as KvError).code).toBe('INVALID_OPTION');
    return (error as KvError).message;
  }
  throw new Error('nothing was refused');
}

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function configFile(content: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-config-'));
  folders.push(folder);
  const path = join(folder, 'kvnode.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('options - sources', () => {
  test('without any, every option has its documented default', () => {
    const { values, warnings } = resolve({});
    for (const name of optionNames) expect(values[name]).toBe(optionSpecs[name].default);
    expect(warnings).toEqual([]);
  });

  test('the command line overrides the environment, which overrides the config file', () => {
    const configPath = configFile({ port: 1, 'lease-ms': 900, id: 'from-file' });
    const environment = { KVNODE_PORT: '2', KVNODE_LEASE_MS: '901' };
    const { values } = resolve({ configPath, environment, commandLine: { port: '3' } });
    expect(values).toMatchObject({ port: 3, leaseMs: 901, id: 'from-file' });
  });

  test('the config file may be named by the environment', () => {
    expect(resolve({ environment: { KVNODE_CONFIG: configFile({ id: 'a' }) } }).values.id).toBe('a');
  });

  test('a variable that is set but empty counts as not set', () => {
    expect(resolve({ environment: { KVNODE_PORT: '', KVNODE_CONFIG: '' } }).values.port).toBe(9090);
  });

  test('an unknown variable is reported and ignored', () => {
    const { warnings } = resolve({ environment: { KVNODE_BECON_MS: '5', KVNODE_NODES: 'a:1', OTHER: 'x' } });
    expect(warnings).toEqual(['KVNODE_BECON_MS is set but is not an option of kvnode']);
  });

  test('variables that a platform sets for a service named kvnode are ignored, and reported once', () => {
    const environment = {
      KVNODE_SERVICE_HOST: '10.43.7.9',
      KVNODE_SERVICE_PORT: '9090',
      KVNODE_SERVICE_PORT_GRPC: '9090',
      KVNODE_PORT: 'tcp://10.43.7.9:9090',
      KVNODE_PORT_9090_TCP: 'tcp://10.43.7.9:9090',
      KVNODE_PORT_9090_TCP_PROTO: 'tcp',
      KVNODE_PORT_9090_TCP_PORT: '9090',
      KVNODE_PORT_9090_TCP_ADDR: '10.43.7.9',
    };
    const { values, warnings } = resolve({ environment });
    expect(values.port).toBe(9_090);
    expect(warnings).toEqual([expect.stringContaining('the platform has set variables for a service')]);
    for (const name of Object.keys(environment)) expect(warnings[0]).toContain(name);
    expect(resolve({ environment, configPath: configFile({ port: 7 }) }).values.port).toBe(7);
    expect(resolve({ environment, commandLine: { port: '8' } }).values.port).toBe(8);
  });

  test('a service named kvnode-http or kvnode-zk is recognized as well', () => {
    const environment = {
      KVNODE_HTTP_PORT: 'udp://[fd00::9]:8080',
      KVNODE_HTTP_SERVICE_HOST: 'fd00::9',
      KVNODE_ZK_PORT: 'tcp://10.43.7.10:2181',
      KVNODE_ZK_SERVICE_PORT: '2181',
      KVNODE_ZK_PORT_2181_TCP_ADDR: '10.43.7.10',
      KVNODE_ZK: 'zk:2181',
    };
    const { values, warnings } = resolve({ environment });
    expect(values).toMatchObject({ httpPort: undefined, zk: 'zk:2181' });
    expect(warnings).toHaveLength(1);
  });

  test('variables that only look like it are checked, or reported, as usual', () => {
    expect(messageOf({ environment: { KVNODE_PORT: 'http://10.43.7.9' } })).toContain('KVNODE_PORT: "http://10.43.7.9" must be');
    expect(messageOf({ environment: { KVNODE_ID: 'tcp://10.43.7.9' } })).toContain('KVNODE_ID');
    expect(resolve({ environment: { KVNODE_PROT: '9091' } }).warnings).toEqual([
      'KVNODE_PROT is set but is not an option of kvnode',
    ]);
    expect(resolve({ environment: { KVNODE_PORT: '9091' } })).toMatchObject({ values: { port: 9_091 }, warnings: [] });
  });

  test('the names in the three sources correspond', () => {
    expect(flagOf('stopDeadlineMs')).toBe('stop-deadline-ms');
    expect(variableOf(flagOf('stopDeadlineMs'))).toBe('KVNODE_STOP_DEADLINE_MS');
  });

  test('a flag is true or false in every source', () => {
    expect(resolve({ commandLine: { join: true } }).values.join).toBe(true);
    expect(resolve({ environment: { KVNODE_JOIN: 'true' } }).values.join).toBe(true);
    expect(resolve({ configPath: configFile({ join: true }), environment: { KVNODE_JOIN: 'false' } }).values.join).toBe(false);
    expect(messageOf({ environment: { KVNODE_JOIN: 'yes' } })).toBe('KVNODE_JOIN: "yes" must be true or false');
  });

  test('an option with an alias has both names, and the real name wins', () => {
    expect(resolve({ environment: { KVNODE_REPLACE_AFTER: '5000' } })).toMatchObject({
      values: { replaceAfterMs: 5_000 },
      warnings: [],
    });
    expect(resolve({ configPath: configFile({ 'replace-after': 6000 }) }).values.replaceAfterMs).toBe(6_000);
    const both = { KVNODE_REPLACE_AFTER: '5000', KVNODE_REPLACE_AFTER_MS: '7000' };
    expect(resolve({ environment: both }).values.replaceAfterMs).toBe(7_000);
  });
});

describe('options - config file', () => {
  test('an unknown key is refused with the list of the known ones', () => {
    const message = messageOf({ configPath: configFile({ beaconMs: 100 }) });
    expect(message).toContain('"beaconMs"');
    expect(message).toContain('beacon-ms, lease-ms');
  });

  test('a byte order mark at the beginning is skipped', () => {
    expect(resolve({ configPath: configFile('\ufeff{"port": 9091}') }).values.port).toBe(9_091);
  });

  test.each([
    ['\ufeff\ufeff{}', 'is not JSON'],
    ['{', 'is not JSON'],
    ['[1]', 'must hold one JSON object'],
    ['null', 'must hold one JSON object'],
  ])('%s is refused', (content, reason) => {
    expect(messageOf({ configPath: configFile(content) })).toContain(reason);
  });

  test('the error for a missing file names it', () => {
    expect(messageOf({ configPath: '/nowhere/kvnode.json' })).toMatch(/--config: \/nowhere\/kvnode\.json cannot be read/);
  });

  test('a value of the wrong type is refused with its place', () => {
    const configPath = configFile({ id: 5 });
    expect(messageOf({ configPath })).toBe(`id in ${configPath}: 5 must be a text`);
  });
});

describe('options - single values', () => {
  test('--http-port is a port, 0 for any free one, and without it there is no HTTP', () => {
    expect(resolve({}).values.httpPort).toBeUndefined();
    expect(resolve({ environment: { KVNODE_HTTP_PORT: '' } }).values.httpPort).toBeUndefined();
    for (const httpPort of ['0', '8080', '65535'])
      expect(resolve({ commandLine: { httpPort } }).values.httpPort).toBe(Number(httpPort));
    expect(resolve({ environment: { KVNODE_HTTP_PORT: '8081' } }).values.httpPort).toBe(8_081);
    expect(resolve({ configPath: configFile({ 'http-port': 8082 }) }).values.httpPort).toBe(8_082);
    for (const httpPort of ['65536', '-1', '80.5', '0x50', 'yes', 'localhost:8080'])
      expect(messageOf({ commandLine: { httpPort } })).toBe(
        `--http-port: ${JSON.stringify(httpPort)} must be a whole number from 0 to 65535`,
      );
  });

  test.each([
    [{ port: '65536' }, '--port: "65536" must be a whole number from 0 to 65535'],
    [{ port: 'abc' }, '--port: "abc" must be a whole number'],
    [{ port: '1e3' }, '--port: "1e3" must be a whole number'],
    [{ port: '-1' }, '--port: "-1" must be a whole number'],
    [{ port: 1.5 }, '--port: 1.5 must be a whole number'],
    [{ beaconMs: '5' }, '--beacon-ms: "5" must be a whole number from 10 to 3600000 (milliseconds)'],
    [{ minInSync: '0' }, '--min-in-sync: "0" must be a whole number from 1'],
    [{ id: 'a b' }, '--id: "a b" must be 1 to 64 of'],
    [{ id: 'x'.repeat(65) }, 'must be 1 to 64 of'],
    [{ id: '' }, '--id: "" must not be empty'],
    [{ root: 'kvstore' }, '--root: "kvstore" must be a path such as /kvstore'],
    [{ root: '/a//b' }, 'must be a path such as /kvstore'],
    [{ root: '/a/../b' }, 'must not contain . or ..'],
    [{ root: '/zookeeper/x' }, "ZooKeeper's own"],
    [{ zk: 'localhost' }, '--zk: "localhost" must be host:port'],
    [{ zk: 'a:2181,b' }, '--zk: "a:2181,b" holds "b", which must be host:port'],
    [{ zk: '::1:2181' }, 'an IPv6 address in square brackets'],
    [{ zk: 'a:2181//b' }, 'must be a path'],
    [{ advertise: 'somewhere' }, '--advertise: "somewhere" must be host:port'],
    [{ advertise: 'somewhere:0' }, 'a port from 1 to 65535'],
    [{ logLevel: 'loud' }, '--log-level: "loud" must be one of fatal, error'],
    [{ advertise: '::1:9090' }, 'an IPv6 address in square brackets'],
    [{ advertise: '[fe80::1%eth0]:9090' }, 'means nothing on another machine'],
    [{ advertise: '0.0.0.0:9090' }, 'names every interface'],
    [{ advertise: '[0::0]:9090' }, 'names every interface'],
    [{ host: 'a b' }, 'is not a host name'],
    [{ host: 'fe80::1%eth0' }, 'means nothing on another machine'],
  ])('%j is refused with option, value and reason', (commandLine, message) => {
    expect(messageOf({ commandLine })).toContain(message);
  });

  test.each([
    { zk: 'a:2181,b:2182/chroot/deeper' },
    { zk: '[::1]:2181' },
    { root: '/a/b-c_d.e' },
    { id: '127.0.0.1:9090' },
    { id: '[::1]:9090' },
    { port: '0' },
    { advertise: '[2001:db8::1]:9090' },
  ])('%j is taken', (commandLine) => {
    expect(() => resolve({ commandLine })).not.toThrow();
  });

  test.each([
    [{ host: '[0:0::1]' }, { host: '::1' }],
    [{ host: '127.1' }, { host: '127.0.0.1' }],
    [{ advertise: '[2001:DB8:0::1]:09090' }, { advertise: '[2001:db8::1]:9090' }],
    [{ zk: '[0:0::1]:2181, b:2182/' }, { zk: '[::1]:2181,b:2182' }],
    [{ zk: 'a:2181/apps/' }, { zk: 'a:2181/apps' }],
    [{ root: '/kvstore/' }, { root: '/kvstore' }],
    [{ root: '/' }, { root: '/' }],
  ])('%j is spelled as %j from then on', (commandLine, values) => {
    expect(resolve({ commandLine }).values).toMatchObject(values);
  });

  test('a bad value is refused if it is used, and not checked if another one overrides it', () => {
    const environment = { KVNODE_LEASE_MS: 'soon' };
    expect(messageOf({ environment })).toContain('KVNODE_LEASE_MS: "soon" must be a whole number');
    expect(resolve({ environment, commandLine: { leaseMs: '900' } }).values.leaseMs).toBe(900);
    const configPath = configFile({ 'lease-ms': 'soon' });
    expect(messageOf({ configPath })).toContain('lease-ms in');
    expect(resolve({ configPath, environment: { KVNODE_LEASE_MS: '900' } }).values.leaseMs).toBe(900);
    const twice = { KVNODE_REPLACE_AFTER: 'soon', KVNODE_REPLACE_AFTER_MS: '7000' };
    expect(resolve({ environment: twice }).values.replaceAfterMs).toBe(7_000);
  });

  test('a caller that uses only some options has the others not checked', () => {
    const environment = { KVNODE_HOST: '0.0.0.0', KVNODE_ID: 'a b', KVNODE_SHARDS: '4' };
    expect(resolve({ environment, used: ['shards'] }).values.shards).toBe(4);
    expect(messageOf({ environment: { KVNODE_SHARDS: 'four' }, used: ['shards'] })).toContain('KVNODE_SHARDS');
  });
});

describe('options - relations', () => {
  test('data on disk needs a folder, and a folder is for data on disk', () => {
    expect(messageOf({ commandLine: { durability: 'always' } })).toContain('--durability: "always" needs a folder');
    const both = { durability: 'memory', dataDir: '/data' };
    expect(messageOf({ commandLine: both })).toContain('--durability: "memory" contradicts --data-dir');
    for (const durability of ['interval', 'always', undefined])
      expect(resolve({ commandLine: { durability, dataDir: '/data' } }).values).toMatchObject({ durability, dataDir: '/data' });
    expect(resolve({ commandLine: { durability: 'always' }, used: ['durability'] }).values.durability).toBe('always');
  });

  test('a database needs a folder, PostgreSQL also its URL, and a message never shows that', () => {
    const dataDir = '/data';
    const postgres = 'postgres://kv:secret@db/kv';
    expect(messageOf({ commandLine: { state: 'lmdb' } })).toContain('--state: "lmdb" needs a folder');
    expect(messageOf({ commandLine: { state: 'postgres', dataDir } })).toContain('--state: "postgres" needs a database');
    expect(messageOf({ commandLine: { postgres, dataDir } })).toContain('--state (default): "memory" contradicts --postgres');
    const unreadable = messageOf({ environment: { KVNODE_POSTGRES: 'mysql://kv:secret@db/kv' }, commandLine: { dataDir } });
    expect(unreadable).toContain('KVNODE_POSTGRES: "..." must be a URL');
    expect(unreadable).not.toContain('secret');
    const commandLine = { state: 'postgres', dataDir };
    expect(resolve({ commandLine, environment: { KVNODE_POSTGRES: postgres } }).values).toMatchObject({
      ...commandLine,
      postgres,
    });
  });

  test('a heartbeat that is not shorter than the lease is refused', () => {
    expect(messageOf({ commandLine: { beaconMs: '1000' } })).toContain(
      '--beacon-ms: 1000 must be less than --lease-ms (default), which is 1000',
    );
  });

  test('a grace that does not exceed the lease by a tenth is refused, from any sources', () => {
    const message = messageOf({ commandLine: { leaseMs: '2000' }, environment: { KVNODE_GRACE_MS: '1500' } });
    expect(message).toContain('KVNODE_GRACE_MS: 1500 must be at least 2200, which is 10 % more than --lease-ms, 2000');
    for (const [leaseMs, graceMs] of [
      ['999', '1000'],
      ['1000', '1099'],
      ['501', '551'],
    ] as const)
      expect(messageOf({ commandLine: { leaseMs, graceMs } })).toContain('--grace-ms');
    for (const [leaseMs, graceMs] of [
      ['1000', '1100'],
      ['501', '552'],
    ] as const)
      expect(() => resolve({ commandLine: { leaseMs, graceMs } })).not.toThrow();
  });

  test.each(['0.0.0.0', '::', '::0', '0', '[::]', '0:0:0:0:0:0:0:0', '::ffff:0.0.0.0', '0x0', '000.000.000.000'])(
    'listening on %s without an address for others is refused',
    (host) => {
      expect(messageOf({ commandLine: { host } })).toContain('--advertise');
      expect(() => resolve({ commandLine: { host, advertise: 'node-1:9090' } })).not.toThrow();
    },
  );
});
