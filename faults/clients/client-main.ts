/**
 * One client process: executes the task in its argument, and writes its operations to stdout (client-wire.ts).
 *
 * An operation is written when it has ended. Faults never hit this process: if it died, the history would lack the
 * operations in flight, and the run would be void.
 */
import { createInterface } from 'node:readline';
import { KvClient } from '../../src/index.js';
import type { Operation } from '../../verification/index.js';
import { pinnedReads, randomLoad, readEveryKey } from './client-load.js';
import { type ClientLine, type ClientTask, stopWord } from './client-wire.js';

const flushEveryMs = 50;
const connectDeadlineMs = 30_000;

const task = JSON.parse(process.argv[2] ?? '') as ClientTask;
const stopping = new AbortController();
const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  if (line === stopWord) stopping.abort();
});
// The end of stdin means that the parent process is gone.
input.on('close', () => process.exit(1));

let waiting: Operation[] = [];

function write(line: ClientLine): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));
}

function flush(): Promise<void> {
  const operations = waiting;
  waiting = [];
  return operations.length === 0 ? Promise.resolve() : write({ kind: 'operations', operations });
}

const client = await KvClient.connect({ nodes: task.nodes, deadlineMs: connectDeadlineMs });
await write({ kind: 'ready' });
const flushing = setInterval(() => void flush(), flushEveryMs);
const record = (operation: Operation): void => {
  waiting.push(operation);
};
if (task.work === 'read every key') await readEveryKey(client, task, record, stopping.signal);
else if (task.work === 'pinned reads') await pinnedReads(task, record, stopping.signal);
else await randomLoad(client, task, task.work, record, stopping.signal);
clearInterval(flushing);
await client.close();
await flush();
await write({ kind: 'done' });
process.exit(0);
