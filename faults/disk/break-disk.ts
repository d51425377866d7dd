/**
 * Lets the disk of a node fail, hang or be full, without code in the node. It is loaded into the node's process before the node is:
 * `node --import <this module> <kvnode>`, or by NODE_OPTIONS. Worker threads load it as well: there a node writes its log and
 * snapshots. The main thread writes small files with the thread pool, and the name in its lock.
 *
 * The file that the environment variable KVNODE_BREAK_DISK names has the orders, one a line: `<order> <part of a path>`. Each counts
 * for the files whose path contains that part. The file is read anew before each operation, and may be absent. An order that is
 * obeyed is written to the file `<orders>.obeyed`.
 *
 * - `fail`: a flush fails with EIO.
 * - `hang`: a flush does not end until the order is gone. Like a system call it cannot be interrupted, so the process can end only by
 *   SIGKILL.
 * - `full`: a write fails with ENOSPC.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

type Order = 'fail' | 'hang' | 'full';

/** Ends once the file has the line no more. Code that waits for a program cannot be interrupted, unlike any that waits in JavaScript. */
const untilGone = 'while grep -qxF -- "$2" "$1" 2> /dev/null; do sleep 0.02; done';

const orders = process.env.KVNODE_BREAK_DISK;

/** The line with an order for the file. */
function orderFor(order: Order, file: number): string | undefined {
  if (orders === undefined || !fs.existsSync(orders)) return undefined;
  const path = fs.readlinkSync(`/proc/self/fd/${file}`);
  const lines = fs.readFileSync(orders, 'utf8').trim().split('\n');
  const line = lines.find((line) => line.startsWith(`${order} `) && path.includes(line.slice(order.length + 1)));
  if (line !== undefined) fs.writeFileSync(`${orders}.obeyed`, `${line}\n`);
  return line;
}

function fileError(code: string, operation: string): Error {
  return Object.assign(new Error(`${code}: the disk is broken for a test, ${operation}`), { code, syscall: operation });
}

function beforeFlush(file: number): void {
  if (orderFor('fail', file) !== undefined) throw fileError('EIO', 'fdatasync');
  for (let line = orderFor('hang', file); line !== undefined; line = orderFor('hang', file))
    spawnSync('sh', ['-c', untilGone, 'sh', orders!, line]);
}

/** The same in the thread pool: the opening of a pipe occupies a thread until the order is gone. */
async function beforePooledFlush(file: number): Promise<void> {
  if (orderFor('fail', file) !== undefined) throw fileError('EIO', 'fsync');
  for (let line = orderFor('hang', file); line !== undefined; line = orderFor('hang', file)) {
    const pipe = `${orders}.pipe-${process.pid}-${file}`;
    const opened = `mkfifo "$3"; echo; ${untilGone}; : 1<> "$3"; rm "$3"`;
    const shell = spawn('sh', ['-c', opened, 'sh', orders!, line, pipe], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(shell.stdout, 'data');
    await fs.promises.readFile(pipe);
  }
}

function beforeWrite(file: number): void {
  if (orderFor('full', file) !== undefined) throw fileError('ENOSPC', 'write');
}

/** Calls `before` with the file of each call of a function of the file system. */
function precede(name: 'fdatasyncSync' | 'writeSync' | 'writevSync', before: (file: number) => void): void {
  const original = fs[name] as (file: number, ...rest: unknown[]) => unknown;
  Object.assign(fs, {
    [name]: (file: number, ...rest: unknown[]) => {
      before(file);
      return original(file, ...rest);
    },
  });
}

/** Calls `before...` with the file of each write and flush of files that are opened by `fs.promises`. */
function precedePooled(): void {
  const open = fs.promises.open;
  fs.promises.open = async (...how) => {
    const file = await open(...how);
    const { sync, write, writeFile } = file;
    file.sync = () => beforePooledFlush(file.fd).then(() => sync.call(file));
    const checked = <Result>(call: (...rest: unknown[]) => Result) => {
      return async (...rest: unknown[]) => {
        beforeWrite(file.fd);
        return call.apply(file, rest);
      };
    };
    Object.assign(file, { write: checked(write as () => unknown), writeFile: checked(writeFile as () => unknown) });
    return file;
  };
}

if (isMainThread) {
  precedePooled();
} else {
  precede('fdatasyncSync', beforeFlush);
  precede('writevSync', beforeWrite);
}
precede('writeSync', beforeWrite);
syncBuiltinESMExports();
