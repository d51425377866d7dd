/** Writes the records of a dump in batches. A batch is complete when all of its records are acknowledged. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CallOptions, KvClient } from '../../../client/index.js';
import type { DumpRecord } from '../../../dump/index.js';
import type { KvError } from '../../../errors.js';

const batchKeys = 1_000;
const batchBytes = 4 * 1024 * 1024;
/** A failed write is repeated. That is safe, because the shard executes it once. */
const maxAttempts = 5;
const betweenAttemptsMs = 500;

export interface WrittenBatch {
  readonly keys: number;
  readonly bytes: number;
  /** The keys that existed already, and were left as they are. */
  readonly existing: number;
}

export interface RestoreMode {
  /** Also keys that exist. Otherwise they are left as they are. */
  readonly overwrites: boolean;
}

/**
 * @throws the error of a write that cannot succeed, or failed `maxAttempts` times; DumpDamagedError from `records`.
 */
export async function writeRecords(
  client: Pick<KvClient, 'mput'>,
  records: AsyncIterable<DumpRecord>,
  { overwrites }: RestoreMode,
  call: CallOptions,
  onWritten: (batch: WrittenBatch) => void | Promise<void>,
): Promise<void> {
  let batch: DumpRecord[] = [];
  let bytes = 0;
  const writeBatch = async (): Promise<void> => {
    const existing = await writeAll(client, batch, overwrites, call);
    await onWritten({ keys: batch.length, bytes, existing });
    batch = [];
    bytes = 0;
  };
  for await (const record of records) {
    batch.push(record);
    bytes += record.key.length + record.value.length;
    if (batch.length >= batchKeys || bytes >= batchBytes) await writeBatch();
  }
  if (batch.length > 0) await writeBatch();
}

/** @returns the number of keys that existed already. */
async function writeAll(
  client: Pick<KvClient, 'mput'>,
  batch: readonly DumpRecord[],
  overwrites: boolean,
  call: CallOptions,
): Promise<number> {
  let left = batch.map(({ key, value, ttlMs }) => {
    return { key, value, ...(ttlMs !== undefined && { ttlMs }), ...(!overwrites && { ifAbsent: true }) };
  });
  let existing = 0;
  for (let attempt = 1; ; attempt++) {
    const outcomes = await client.mput(left, call);
    const failures = outcomes.flatMap((outcome) => (outcome.ok || isExisting(outcome.error) ? [] : [outcome.error]));
    existing += outcomes.filter((outcome) => !outcome.ok && isExisting(outcome.error)).length;
    const [failure] = failures;
    if (failure === undefined) return existing;
    const hopeless = failures.find((error) => !mayPass(error));
    if (hopeless !== undefined) throw hopeless;
    if (attempt === maxAttempts) throw failure;
    left = left.filter((_, index) => {
      const outcome = outcomes[index]!;
      return !outcome.ok && !isExisting(outcome.error);
    });
    await pause(betweenAttemptsMs, undefined, { signal: call.signal });
  }
}

/** Perhaps because an attempt before was executed whose outcome is unknown. */
function isExisting({ code }: KvError): boolean {
  return code === 'VERSION_MISMATCH';
}

function mayPass(error: KvError): boolean {
  return error.retryable || error.code === 'OUTCOME_UNKNOWN' || error.code === 'DEADLINE_EXCEEDED';
}
