/** The state that the stages of one thread share: its client, its history of keys, and its violations. */
import type { KvClient } from '../src/index.js';
import { BenchHistory } from './history.js';
import { keyName, type WorkloadOptions } from './options.js';
import { encodeValue } from './values.js';
import { ViolationLog } from './violations.js';

export interface BenchSession {
  readonly client: KvClient;
  readonly run: string;
  readonly thread: number;
  readonly workload: WorkloadOptions;
  readonly history: BenchHistory;
  readonly violations: ViolationLog;
  /**
   * The value of every write without --verify. A new value for each write would cost more than the rest of an
   * operation.
   */
  readonly unverifiedValue: Buffer;
}

export type SessionParts = Pick<BenchSession, 'client' | 'run' | 'thread' | 'workload'>;

export function createSession(parts: SessionParts): BenchSession {
  const { run, thread, workload } = parts;
  const unverifiedValue = encodeValue({ run, thread, keyIndex: 0, counter: 0 }, workload.valueBytes);
  return { ...parts, history: new BenchHistory(run, thread), violations: new ViolationLog(), unverifiedValue };
}

/** Writes a fresh value and records the outcome. @throws the error of the client */
export function writeAndRecord(session: BenchSession, keyIndex: number): Promise<unknown> {
  if (session.workload.verify) return writeVerified(session, keyIndex);
  return session.client.put(keyName(keyIndex), session.unverifiedValue);
}

/** Reads and checks the result. @throws the error of the client */
export function readAndCheck(session: BenchSession, keyIndex: number): Promise<unknown> {
  return session.workload.verify ? readVerified(session, keyIndex) : session.client.get(keyName(keyIndex));
}

async function writeVerified(session: BenchSession, keyIndex: number): Promise<void> {
  const { client, run, thread, workload, history, violations } = session;
  const counter = history.nextCounter();
  const value = encodeValue({ run, thread, keyIndex, counter }, workload.valueBytes);
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

async function readVerified({ client, history, violations }: BenchSession, keyIndex: number): Promise<void> {
  const knownBefore = history.knownVersion(keyIndex);
  const found = await client.get(keyName(keyIndex));
  violations.add(keyIndex, history.read(keyIndex, found, knownBefore));
}

function isRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'executed' in error && error.executed === 'no';
}
