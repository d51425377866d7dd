/** A node whose log cannot be written: it still serves and stops. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, createReadStream, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../../local/free-port.js';
import { programPath, toolEnvironment } from '../../local/programs.js';
import { KvClient } from '../../src/index.js';

const zk = inject('zk');
const patienceMs = 60_000;

interface Started {
  readonly child: ChildProcess;
  readonly root: string;
  readonly http: string;
}

async function optionsOfNode(): Promise<Omit<Started, 'child'> & { readonly options: readonly string[] }> {
  const root = `/kvnode-${randomBytes(6).toString('hex')}`;
  const httpPort = await freePort();
  const options = ['--zk', zk, '--root', root, '--port', '0', '--http-port', String(httpPort), '--shards', '1'];
  return { root, http: `http://127.0.0.1:${httpPort}`, options };
}

/** A node whose standard output is that descriptor. */
async function startNode(
  stdout: number | 'pipe',
  words: readonly string[],
  nodeOptions: readonly string[] = [],
): Promise<Started> {
  const { root, http, options } = await optionsOfNode();
  const child = spawn(process.execPath, [...nodeOptions, programPath('kvnode'), ...options, ...words], {
    stdio: ['ignore', stdout, 'inherit'],
    env: toolEnvironment(),
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, root, http };
}

async function serves({ root, http }: Pick<Started, 'root' | 'http'>): Promise<void> {
  await vi.waitFor(async () => expect((await fetch(`${http}/readyz`)).status).toBe(200), { timeout: patienceMs, interval: 50 });
  await using client = await KvClient.connect({ zk, root });
  const { version } = await client.put('k', 'v');
  expect(await client.get('k')).toMatchObject({ version });
  expect((await fetch(`${http}/livez`)).status).toBe(200);
}

async function stops({ child }: Started): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
}

async function droppedLines({ root, http }: Pick<Started, 'root' | 'http'>): Promise<number> {
  const metrics = await (await fetch(`${http}/metrics`)).text();
  const counted = Number(/^kvnode_log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1]);
  await using client = await KvClient.connect({ zk, root });
  const status = await client.nodeStatus(client.knownTopology!.nodes[0]!.address);
  expect(status.logLinesDropped).toBeGreaterThanOrEqual(counted);
  const warning = status.warnings.find((text) => text.includes('log'));
  expect(warning === undefined).toBe(counted === 0);
  return counted;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A full pipe in blocking mode, as a shell makes it. @returns the pipe and its reading end */
function fullPipe(): { readonly writeEnd: number; readonly path: string } {
  const folder = temporaryFolder();
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const writeEnd = openSync(path, constants.O_RDWR);
  const filling = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  expect(() => {
    for (;;) writeSync(filling, `${'-'.repeat(1_023)}\n`);
  }).toThrow('EAGAIN');
  closeSync(filling);
  return { writeEnd, path };
}

test('a full disk: lines are dropped and counted, the node serves and stops', async () => {
  const full = openSync('/dev/full', 'w');
  const node = await startNode(full, ['--log-format', 'json']);
  closeSync(full);
  await serves(node);
  expect(await droppedLines(node)).toBeGreaterThan(0);
  await stops(node);
});

test('a pipe without reads: the node serves, and stops', async () => {
  const { writeEnd } = fullPipe();
  const node = await startNode(writeEnd, ['--log-format', 'text']);
  await serves(node);
  expect(await droppedLines(node)).toBe(0);
  await stops(node);
  closeSync(writeEnd);
});

test('a pipe that is read late: the lines arrive then, and the last one is about the stop', async () => {
  const { writeEnd, path } = fullPipe();
  const node = await startNode(writeEnd, ['--log-format', 'json']);
  await serves(node);
  const reader = createReadStream(path);
  closeSync(writeEnd);
  let text = '';
  reader.setEncoding('utf8').on('data', (part) => (text += part));
  const ended = once(reader, 'end');
  await stops(node);
  await ended;
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(messages).toContain('listening');
  expect(messages.at(-1)).toBe('stopped');
});

test('a reader that has gone: the node serves, and stops', async () => {
  const node = await startNode('pipe', ['--log-format', 'text']);
  node.child.stdout!.destroy();
  await serves(node);
  expect(await droppedLines(node)).toBeGreaterThan(0);
  await stops(node);
});

test('a fault of the node itself: the last line is written, and a pipe without reads does not delay the end', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'log');
  const throwing = `data:text/javascript,process.on('SIGWINCH', () => { throw new Error('a fault on purpose') })`;
  const fail = async (stdout: number): Promise<void> => {
    const node = await startNode(stdout, ['--log-format', 'json'], ['--import', throwing]);
    closeSync(stdout);
    await serves(node);
    const exited = once(node.child, 'exit');
    node.child.kill('SIGWINCH');
    expect(await exited).toEqual([1, null]);
  };
  const pipe = fullPipe();
  const reader = openSync(pipe.path, constants.O_RDONLY | constants.O_NONBLOCK);
  await Promise.all([fail(openSync(file, 'a')), fail(pipe.writeEnd)]);
  closeSync(reader);
  const last = JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1)!);
  expect(last).toMatchObject({ level: 60, msg: 'uncaught error', err: { message: 'a fault on purpose' } });
});

test('a terminal that is closed: the node ignores SIGHUP, serves, and stops', async () => {
  const { root, http, options } = await optionsOfNode();
  const folder = temporaryFolder();
  const [idFile, codeFile] = [join(folder, 'id'), join(folder, 'code')];
  const command = [process.execPath, programPath('kvnode'), ...options].map((word) => `'${word}'`).join(' ');
  // The shell outlives the terminal, to report how the node ended.
  const shell = `trap '' HUP; ${command} & echo $! >'${idFile}'; wait $!; echo $? >'${codeFile}.new'; mv '${codeFile}.new' '${codeFile}'`;
  const terminal = spawn('script', ['--quiet', '--command', shell, '/dev/null'], {
    env: toolEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  terminal.stdout.setEncoding('utf8').on('data', (part) => (shown += part));
  await vi.waitFor(() => expect(shown).toContain('listening'), { timeout: patienceMs });
  const nodeId = Number(readFileSync(idFile, 'utf8'));
  onTestFinished(() => {
    try {
      process.kill(nodeId, 'SIGKILL');
    } catch (error) {
      expect(error).toMatchObject({ code: 'ESRCH' });
    }
  });
  const closed = once(terminal, 'close');
  terminal.kill('SIGKILL');
  await closed;
  await vi.waitFor(
    async () => {
      process.kill(nodeId, 'SIGHUP');
      expect(await droppedLines({ root, http })).toBeGreaterThan(0);
    },
    { timeout: patienceMs },
  );
  await serves({ root, http });
  process.kill(nodeId, 'SIGTERM');
  await vi.waitFor(() => expect(readFileSync(codeFile, 'utf8')).toBe('0\n'), { timeout: patienceMs });
});
