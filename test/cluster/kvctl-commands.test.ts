/**
 * kvctl from outside, as an operator and a script use it. All tests share one cluster of three nodes and four shards.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { programPath } from '../../local/programs.js';
import { startCluster } from './support/cluster.js';
import { KvctlTerminal, type RunOptions, runKvctl } from './support/kvctl.js';

let cluster: LocalCluster;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kvctl-'));
  cluster = await startCluster({ nodes: 3, shards: 4, extra: ['--session-ms', '2000'] });
});
afterAll(async () => {
  await cluster.kill();
  rmSync(folder, { recursive: true });
});

const kvctl = (words: string[], options: RunOptions = {}) =>
  runKvctl(['--nodes', cluster.addresses.join(','), ...words], options);

/** Runs several lines in one kvctl, so that it starts only once. @returns the JSON output of each line */
// biome-ignore lint/suspicious/noExplicitAny: what a command prints is what the test is about.
async function lines(...typed: string[]): Promise<any[]> {
  const { stdout } = await kvctl(['--json'], { stdin: typed.join('\n') });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function primaryOf(key: string): Promise<NodeProcess> {
  const [{ holders }] = await lines(`locate ${key}`);
  return cluster.nodes.find(({ id }) => id === holders[0].nodeId)!;
}

test('kvctl put - reads values from an argument, a file and stdin, byte for byte, and prints their holders', async () => {
  const bytes = Buffer.from([0, 255, 10, 13, 0xc3, 0x28]);
  const file = join(folder, 'value');
  writeFileSync(file, bytes);
  const put = await kvctl(['put', 'file', `@${file}`]);
  expect(put.code).toBe(0);
  for (const { id } of cluster.nodes) expect(put.stdout).toContain(id);
  expect((await kvctl(['put', 'stdin', '-'], { stdin: bytes })).code).toBe(0);
  expect((await kvctl(['get', 'stdin', '--raw'])).bytes).toEqual(bytes);

  const [fromFile, dash, , key] = await lines('get file', 'put dash -x', 'put -- -key --value', 'get -key');
  expect(fromFile).toMatchObject({ valueBase64: bytes.toString('base64') });
  expect(dash).toMatchObject({ key: 'dash', version: expect.any(Number) });
  expect([...dash.heldBy].sort()).toEqual(cluster.nodes.map(({ id }) => id).sort());
  expect(key).toMatchObject({ key: '-key', value: '--value' });
});

test('kvctl - a missing key, another version and a missing cluster have different exit codes', async () => {
  const [first] = await lines('put code 1');
  const [second, gone, nothing] = await lines(`put code 2 --if-version ${first.version}`, 'delete code', 'delete code');
  expect(second.version).toBe(first.version + 1);
  expect([gone.existed, nothing.existed]).toEqual([true, false]);
  await lines('put code 3');
  const refused = await kvctl(['put', 'code', '2', '--if-absent', '--json']);
  expect(refused).toMatchObject({ code: 5, stdout: '' });
  expect(JSON.parse(refused.stderr.trim().split('\n').at(-1)!)).toMatchObject({
    error: { code: 'VERSION_MISMATCH', executed: 'no' },
  });
  expect(await kvctl(['get', 'none'])).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringContaining('the key does not exist'),
  });
  // If stdout cannot be written, a read has failed, and the result of a write is unknown.
  const full = `kvctl() { '${process.execPath}' '${programPath('kvctl')}' --nodes ${cluster.addresses} "$@" >/dev/full; echo $?; }`;
  const unwritten = await promisify(execFile)('bash', ['-c', `${full}; kvctl get code; kvctl put code 4`]);
  expect([unwritten.stdout, unwritten.stderr.match(/the output cannot be written: ENOSPC/g)]).toMatchObject([
    '1\n3\n',
    { length: 2 },
  ]);
  const silent = await kvctl([], { stdin: 'get none\nget none\nget code', withoutStderr: true });
  expect(silent).toMatchObject({ code: 4, stdout: '4\n' });
  const wrong = await kvctl(['--json', 'putt']);
  expect([wrong.code, JSON.parse(wrong.stderr)]).toMatchObject([2, { error: { code: 'INVALID_OPTION', executed: 'no' } }]);
  const nowhere = await runKvctl(['--nodes', '127.0.0.1:1', '--deadline-ms', '300', 'get', 'k']);
  expect(nowhere).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('UNREACHABLE') });
});

test('kvctl append, setrange, getset, getdel and --if-value - change a key by what is there', async () => {
  const bytes = Buffer.from([0, 255]);
  expect(await kvctl(['append', 'bytes', '-'], { stdin: bytes })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^2 bytes at version \d+ \(by /),
  });
  expect((await kvctl(['getset', 'bytes', 'text', '--raw'])).bytes).toEqual(bytes);
  const [longer, range, replaced, created] = await lines(
    'append bytes --value=--more',
    'SETRANGE bytes 0 T',
    'GETSET bytes @new',
    'getset created 1',
  );
  expect([longer.valueBytes, range.valueBytes]).toEqual([10, 10]);
  expect(replaced).toMatchObject({
    found: true,
    previous: { value: 'Text--more', version: range.version },
    version: range.version + 1,
  });
  expect(created).toMatchObject({ found: false, version: expect.any(Number) });
  expect(await kvctl(['append', 'bytes', 'x', '--max-bytes', '4'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/VALUE_TOO_LARGE/),
  });
  expect(await kvctl(['put', 'bytes', 'x', '--if-value', 'other'])).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/VALUE_MISMATCH/),
  });
  const [put] = await lines('put bytes x --if-value @new');
  expect(put.version).toBe(replaced.version + 1);
  expect(await kvctl(['delete', 'bytes', '--if-value=y'])).toMatchObject({ code: 5 });
  const removed = await kvctl(['getdel', 'bytes']);
  expect(removed).toMatchObject({
    code: 0,
    stdout: 'x\n',
    stderr: expect.stringMatching(/that was version \d+; deleted at version \d+/),
  });
  expect(await kvctl(['getdel', 'bytes', '--json'])).toMatchObject({
    code: 4,
    stdout: expect.stringMatching(/^\{"key":"bytes","found":false,"version":0,/),
  });
  expect(await kvctl(['put', 'k', 'v', '--if-absent', '--if-value', 'x'])).toMatchObject({ code: 2 });
  expect(await kvctl(['setrange', 'k', 'one', 'v'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/OFFSET: "one" must be a whole number/),
  });
});

test('kvctl transact - executes operations of an argument, a file or stdin, and reports each result', async () => {
  const transaction = {
    if: [{ key: '{t}:state', exists: false }],
    do: [{ put: { key: '{t}:state', value: 'open' } }, { increment: { key: '{t}:total', by: '0.5' } }],
    otherwise: [{ get: { key: '{t}:state' } }],
  };
  const file = join(folder, 'transaction.json');
  writeFileSync(file, JSON.stringify(transaction));
  const first = await kvctl(['transact', `@${file}`]);
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(
    /^put \{t\}:state: \{"version":\d+\}\nincrement \{t\}:total: \{"value":"0.5","version":\d+\}\nwritten at version \d+ \(by /,
  );
  const again = await kvctl(['transact', '-', '--json'], { stdin: JSON.stringify(transaction) });
  expect(again.code).toBe(5);
  expect(JSON.parse(again.stdout)).toEqual({
    held: false,
    version: 0,
    results: [{ get: { found: true, value: 'open', version: expect.any(Number) } }],
    nodeId: expect.any(String),
  });
  const [executed] = await lines(`TRANSACT '{"do": [{"getAndDelete": {"key": "{t}:state"}}, {"delete": {"key": "{t}:total"}}]}'`);
  expect(executed).toMatchObject({
    held: true,
    results: [{ getAndDelete: { previous: { value: 'open' } } }, { delete: { existed: true } }],
  });
  const refused = (json: object) => kvctl(['transact', JSON.stringify(json)]);
  expect(await kvctl(['transact', '{bad'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/the JSON cannot be parsed/),
  });
  expect(await refused({ do: [{ put: { key: 'k' } }] })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/do\[0\].put.value must be text/),
  });
  expect(
    await refused({ do: [{ put: { key: '{t}:a', value: 'x' } }, { put: { key: '{t}:b', value: '', ifVersion: 9 } }] }),
  ).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/operation 2 of the transaction: the key is at version 0/),
  });
  expect((await kvctl(['get', '{t}:a'])).code).toBe(4);
  expect(await kvctl(['transact', '@none'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/@none cannot be read/) });
});

test('kvctl mget, keys and info - print many keys at once, all keys in pages, and the shards of one node', async () => {
  const keys = Array.from({ length: 14 }, (_, index) => `page:${String(index).padStart(2, '0')}`);
  const { code, stdout } = await kvctl([], { stdin: keys.map((key) => `put ${key} "value of ${key}"`).join('\n') });
  expect(code).toBe(0);
  expect(stdout.match(/stored at version/g)).toHaveLength(keys.length);

  const many = await kvctl(['mget', 'page:03', 'nowhere', 'page:13']);
  expect(many).toMatchObject({ code: 4, stdout: 'page:03\tvalue of page:03\npage:13\tvalue of page:13\n' });
  expect(many.stderr).toContain('nowhere does not exist');

  const page = await kvctl(['keys', '--prefix', 'page:', '--limit', '6']);
  expect(page.stdout.trim().split('\n')).toEqual(keys.slice(0, 6));
  expect(page.stderr).toContain('--after "page:05"');
  const [node] = cluster.nodes;
  const [rest, ofNode, info, ...pages] = await lines(
    'keys --prefix page: --after page:05',
    `keys --prefix page: --node ${node!.id}`,
    `INFO ${node!.id}`,
    'keys --prefix page: --limit 3 --all',
  );
  const named = (one: { keys: { key: string }[] }): string[] => one.keys.map(({ key }) => key);
  expect([named(rest), rest.nextAfter]).toEqual([keys.slice(6), '']);
  expect(named(ofNode)).toEqual(keys);
  expect(pages).toHaveLength(5);
  expect(pages.flatMap(named)).toEqual(keys);
  expect(info.nodes).toMatchObject([{ id: node!.id, shards: [0, 1, 2, 3], zookeeper: 'connected' }]);
});

test('kvctl init - founds a cluster before its first node starts, once, and refuses other values', async () => {
  const words = ['init', '--zk', cluster.zookeeper.address, '--root', `${cluster.root}-init/below`, '--shards', '8'];
  const made = JSON.parse((await runKvctl([...words, '--json'])).stdout);
  expect(made).toMatchObject({ created: true, config: { shards: 8, replicas: 3 } });
  const again = JSON.parse((await runKvctl([...words, '--json'])).stdout);
  expect(again).toMatchObject({ created: false, config: made.config });
  const other = await runKvctl([...words, '--min-in-sync', '2']);
  expect(other).toMatchObject({ code: 1, stdout: '' });
  expect(other.stderr).toContain('minInSync is 1 there and 2 here');
});

test('kvctl - runs one line as an argument, or lines from stdin with the exit code of the first failure', async () => {
  expect(await kvctl(['--command', 'PUT user:1 Alice'])).toMatchObject({ code: 0 });
  expect((await kvctl(['--command', 'PUT user:1 Alice Smith'])).code).toBe(2);
  expect(await kvctl(['--command', 'put piped -'], { stdin: 'through a pipe' })).toMatchObject({ code: 0 });
  const script =
    'GET user:1\nPUT a -1\n# a comment\nGET a\nGET none\nput b -\nget a --nodes 127.0.0.1:1\nLIST_NODES\nEXIT\nGET a\n';
  const outcome = await kvctl([], { stdin: script });
  expect(outcome.code).toBe(4);
  expect(outcome.stdout).toMatch(/^Alice\n/);
  expect(outcome.stdout.match(/^-1$/gm)).toHaveLength(1);
  expect(outcome.stderr).toContain('commands are read from stdin here');
  expect(outcome.stderr).toContain('--nodes chooses the cluster of all lines');
  for (const { id } of cluster.nodes) expect(outcome.stdout).toContain(id);
});

test('kvctl completion - prints a script with which bash completes commands, and another one for zsh', async () => {
  const typed = `COMP_WORDS=(kvctl lo); COMP_CWORD=1; _kvctl_yargs_completions; echo "\${COMPREPLY[@]}"`;
  const bash = `kvctl() { '${process.execPath}' '${programPath('kvctl')}' "$@"; }; . <(SHELL=/bin/bash kvctl completion); ${typed}`;
  expect((await promisify(execFile)('bash', ['-c', bash])).stdout).toBe('locate\n');
  const zsh = await runKvctl(['completion'], { environment: { SHELL: '/bin/zsh' } });
  expect(zsh).toMatchObject({ code: 0, stdout: expect.stringContaining('#compdef kvctl') });
});

test('kvctl on a terminal - has history, completion, Ctrl-C and Ctrl-D, and reports and outlasts a failover', async () => {
  const environment = { XDG_STATE_HOME: join(folder, 'state') };
  const nodes = cluster.addresses.join(',');
  await using terminal = new KvctlTerminal(['--nodes', nodes, '--deadline-ms', '20000'], environment);
  await terminal.shows(/3 nodes, 4 shards.*\s+kvctl> /);
  terminal.type('PUT terminal:one "Alice Smith"\r');
  await terminal.shows(/stored at version \d+ .*held by.*\s+kvctl> /);
  terminal.type('get term');
  await terminal.shows(/get term/);
  terminal.type('\t');
  await terminal.shows(/inal:one/);
  terminal.type('\r');
  await terminal.shows(/Alice Smith\s+version \d+ \(by .*\)\s+kvctl> /);
  terminal.type('LIST_N');
  await terminal.shows(/LIST_N/);
  terminal.type('\t');
  await terminal.shows(/ODES/);
  terminal.type('\r');
  expect(await terminal.shows(/version[\s\S]*kvctl> /)).toContain(cluster.nodes[2]!.id);
  terminal.type('get something else\x03');
  await terminal.shows(/\^C\s+kvctl> /);
  terminal.type('status --watch\r');
  await terminal.shows(/4 serving[\s\S]*4 serving/);
  terminal.type('\x03');
  await terminal.shows(/\^C\s+kvctl> /);

  // Control characters are shown escaped.
  terminal.type('get file\r');
  await terminal.shows(/\\x00\\xff\s+\\x0d\\xc3\([\s\S]*kvctl> /);

  // The primary is frozen, not dead: requests to it are neither answered nor refused.
  const frozen = await primaryOf('terminal:one');
  frozen.freeze();
  terminal.type('keys --prefix terminal:\r');
  await terminal.shows(/waiting: [\s\S]*answered after [\d.]+ s\s+terminal:one\s+kvctl> /);
  frozen.thaw();
  await cluster.waitForInSync(3);

  // kvctl is killed in the middle of a command.
  const killed = await primaryOf('terminal:one');
  killed.freeze();
  terminal.type('get terminal:one\r');
  await terminal.shows(/waiting: /);
  await killed.kill();
  await terminal.shows(/answered after [\d.]+ s\s+Alice Smith[\s\S]*kvctl> /);
  terminal.type('PUT terminal:one Bob\r');
  expect(await terminal.shows(/held by [\s\S]*kvctl> /)).not.toContain(killed.id);
  terminal.type('\x04');
  expect(await terminal.exitCode()).toBe(0);
  const history = readFileSync(join(folder, 'state', 'kvnode', 'kvctl-history'), 'utf8').split('\n');
  expect(history[0]).toBe('PUT terminal:one "Alice Smith"');

  await using later = new KvctlTerminal(['--nodes', nodes], environment);
  await later.shows(/kvctl> /);
  later.type('\x1b[A\x1b[A');
  await later.shows(/get terminal:one/);
  later.type('\x03');
  await later.shows(/\^C/);
  later.type('EXIT\r');
  expect(await later.exitCode()).toBe(0);
});
