/** What the stages of one thread share: its client, what it knows of its keys, and what it found wrong. */
import type { KvClient } from '../src/index.js';
import type { History } from './history.js';
import { keyName, type WorkloadOptions } from './options.js';
import { encodeValue } from './values.js';
import type { ViolationLog } from './violations.js';

export interface Session {
  readonly client: KvClient;
  readonly run: string;
  readonly thread: number;
  readonly workload: WorkloadOptions;
  readonly history: History;
  readonly violations: ViolationLog;
}

/** Writes a fresh value and records what became of it. @throws whatever the client threw. */
export async function writeAndRecord(session: Session, keyIndex: number): Promise<void> {
  const { client, run, thread, workload, history, violations } = session;
  const counter = history.nextCounter();
  const value = encodeValue({ run, thread, keyIndex, counter }, workload.valueBytes);
  if (!workload.verify) {
    await client.put(keyName(keyIndex), value);
    return;
  }
  const knownBefore = history.knownVersion(keyIndex);
  try {
    const { version } = await client.put(keyName(keyIndex), value);
    violations.add(keyIndex, history.writeAcknowledged(keyIndex, counter, version, knownBefore));
  } catch (error) {
    if (isRefusal(error)) history.writeRefused(counter);
    else history.writeUnknown(keyIndex, counter);
    throw error;
  }
}

/** Reads and checks what was read. @throws whatever the client threw. */
export async function readAndCheck({ client, workload, history, violations }: Session, keyIndex: number): Promise<void> {
  if (!workload.verify) {
    await client.get(keyName(keyIndex));
    return;
  }
  const knownBefore = history.knownVersion(keyIndex);
  const found = await client.get(keyName(keyIndex));
  violations.add(keyIndex, history.read(keyIndex, found, knownBefore));
}

function isRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'executed' in error && error.executed === 'no';
}
