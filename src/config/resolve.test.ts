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

  test('a variable that is no option is reported and ignored', () => {
    const { warnings } = resolve({ environment: { KVNODE_BECON_MS: '5', KVNODE_NODES: 'a:1', OTHER: 'x' } });
    expect(warnings).toEqual(['KVNODE_BECON_MS is set but is no option of kvnode']);
  });

  test('names in the three sources follow from one another', () => {
    expect(flagOf('stopDeadlineMs')).toBe('stop-deadline-ms');
    expect(variableOf(flagOf('stopDeadlineMs'))).toBe('KVNODE_STOP_DEADLINE_MS');
  });

  test('a flag is true or false in every source', () => {
    expect(resolve({ commandLine: { join: true } }).values.join).toBe(true);
    expect(resolve({ environment: { KVNODE_JOIN: 'true' } }).values.join).toBe(true);
    expect(resolve({ configPath: configFile({ join: true }), environment: { KVNODE_JOIN: 'false' } }).values.join).toBe(false);
    expect(messageOf({ environment: { KVNODE_JOIN: 'yes' } })).toBe('KVNODE_JOIN: "yes" must be true or false');
  });

  test('an option with an alias is known by both names, and its real one wins', () => {
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

  test.each([
    ['{', 'is not JSON'],
    ['[1]', 'must hold one JSON object'],
    ['null', 'must hold one JSON object'],
  ])('%s is refused', (content, reason) => {
    expect(messageOf({ configPath: configFile(content) })).toContain(reason);
  });

  test('a file that is not there is refused by its name', () => {
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
    [{ root: '/kvstore/' }, 'not end with /'],
    [{ root: '/' }, 'must be a path such as /kvstore'],
    [{ root: '/a/../b' }, 'must not contain . or ..'],
    [{ root: '/zookeeper/x' }, "ZooKeeper's own"],
    [{ zk: 'localhost' }, '--zk: "localhost" must be host:port'],
    [{ zk: 'a:2181,b' }, '"b" has none such'],
    [{ zk: 'a:2181/' }, 'must be a path'],
    [{ advertise: 'somewhere' }, '--advertise: "somewhere" must be host:port'],
    [{ advertise: 'somewhere:0' }, 'a port from 1 to 65535'],
    [{ logLevel: 'loud' }, '--log-level: "loud" must be one of fatal, error'],
    [{ host: 'a b' }, 'is not a host name'],
  ])('%j is refused with option, value and reason', (commandLine, message) => {
    expect(messageOf({ commandLine })).toContain(message);
  });

  test.each([
    { zk: 'a:2181,b:2182/chroot/deeper' },
    { zk: '[::1]:2181' },
    { root: '/a/b-c_d.e' },
    { id: '127.0.0.1:9090' },
    { port: '0' },
    { advertise: '[2001:db8::1]:9090' },
  ])('%j is taken', (commandLine) => {
    expect(() => resolve({ commandLine })).not.toThrow();
  });

  test('a bad value is refused even where another source overrides it', () => {
    expect(messageOf({ environment: { KVNODE_PORT: 'tcp://10.0.0.1' }, commandLine: { port: '1' } })).toContain('KVNODE_PORT');
  });
});

describe('options - relations', () => {
  test('a heartbeat that is not shorter than the lease is refused', () => {
    expect(messageOf({ commandLine: { beaconMs: '1000' } })).toContain(
      '--beacon-ms: 1000 must be less than --lease-ms (default), which is 1000',
    );
  });

  test('a lease that is not shorter than the grace is refused, wherever both came from', () => {
    const message = messageOf({ commandLine: { leaseMs: '2000' }, environment: { KVNODE_GRACE_MS: '1500' } });
    expect(message).toContain('--lease-ms: 2000 must be less than KVNODE_GRACE_MS, which is 1500');
  });

  test.each(['0.0.0.0', '::'])('listening on %s without an address for others is refused', (host) => {
    expect(messageOf({ commandLine: { host } })).toContain('--advertise');
    expect(() => resolve({ commandLine: { host, advertise: 'node-1:9090' } })).not.toThrow();
  });
});
