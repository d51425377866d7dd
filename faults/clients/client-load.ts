/** The work of a client process: random operations on shared keys, reads at one node, or one read of every key. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KvClient } from '../../src/index.js';
import type { Operation } from '../../verification/index.js';
import { mulberry32 } from '../../verification/random.js';
import { chooseCall, type Seen, seenAfter } from './choose-call.js';
import { recorded, recordedCall } from './client-recorder.js';
import type { ClientTask, Mix } from './client-wire.js';
import { type PinnedApi, PinnedReader } from './pinned-reader.js';
import { recordedKeyOf } from './recorded-keys.js';

type Record = (operation: Operation) => void;

/** Limits the reads in flight while all keys are read. */
const concurrentReads = 32;
const pinnedApis: readonly PinnedApi[] = ['unary', 'pipeline'];
/** The share of turns in which a worker has several operations in flight, if its task allows that. */
const shareOfSeveral = 0.3;
/** The number of attempts to read a key before it counts as unreadable. Each attempt lasts up to the deadline. */
const readAttempts = 5;

/** Runs random operations until `signal` is aborted. */
export async function randomLoad(
  client: KvClient,
  task: ClientTask,
  mix: Mix,
  record: Record,
  signal: AbortSignal,
): Promise<void> {
  const workers = Array.from({ length: task.workers }, (_, index) => work(client, task, mix, index, record, signal));
  await Promise.all(workers);
}

async function work(
  client: KvClient,
  task: ClientTask,
  mix: Mix,
  index: number,
  record: Record,
  signal: AbortSignal,
): Promise<void> {
  const worker = `${task.name}.${index}`;
  const random = mulberry32(task.seed * 1_000 + index);
  const seen = new Map<string, Seen>();
  const chooser = { mix, keyspace: task.keyspace, random, seen };
  for (let counter = 0; !signal.aborted; counter += 1) {
    const index = Math.floor(random() * task.keyspace);
    const count = random() < shareOfSeveral ? 1 + Math.floor(random() * task.atOnce) : 1;
    // All calls are on one key or its group, and issued at once: the client sends them in this order on the stream of the
    // primary.
    const operations = Array.from({ length: count }, async (_, place) => {
      const call = chooseCall(chooser, index, `${worker}-${counter}.${place}`);
      const key = call.kind === 'transact' ? [...call.compares, ...call.operations][0]!.key : recordedKeyOf(index);
      const operation = await recordedCall(client, `${worker}.${place}`, key, call, { deadlineMs: task.deadlineMs });
      record(operation);
      return operation;
    });
    for (const operation of await Promise.all(operations)) for (const [key, found] of seenAfter(operation)) seen.set(key, found);
    if (task.thinkMs > 0) await pause(2 * task.thinkMs * random());
  }
}

/**
 * Reads until `signal` is aborted. Each worker reads at one node, primary or not, and every node has workers of both
 * APIs.
 */
export async function pinnedReads(task: ClientTask, record: Record, signal: AbortSignal): Promise<void> {
  const readers = pinnedApis.flatMap((api) =>
    Array.from({ length: task.workers }, () => task.nodes.map((address) => ({ api, address }))).flat(),
  );
  await Promise.all(
    readers.map(async ({ api, address }, index) => {
      const random = mulberry32(task.seed * 1_000 + index);
      const reader = new PinnedReader(address, api);
      while (!signal.aborted) {
        // Several reads on a pipeline travel in one message, so a thawed node executes them in one turn.
        const reads = Array.from({ length: api === 'pipeline' ? task.atOnce : 1 }, async (_, place) => {
          const key = recordedKeyOf(Math.floor(random() * task.keyspace));
          record(await recorded(`${task.name}.${index}.${place}@${address}`, key, { kind: 'get' }, () => reader.get(key)));
        });
        await Promise.all(reads);
        await pause(2 * task.thinkMs * random());
      }
      reader.close();
    }),
  );
}

export async function readEveryKey(client: KvClient, task: ClientTask, record: Record, signal: AbortSignal): Promise<void> {
  let next = 0;
  const reader = async (_: unknown, index: number): Promise<void> => {
    while (next < task.keyspace && !signal.aborted) {
      const key = recordedKeyOf(next);
      next += 1;
      for (let attempt = 0; attempt < readAttempts; attempt += 1) {
        const operation = await recordedCall(client, `${task.name}.${index}`, key, { kind: 'get' }, task);
        record(operation);
        if (operation.outcome.kind === 'found' || operation.outcome.kind === 'missing') break;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrentReads }, reader));
}
