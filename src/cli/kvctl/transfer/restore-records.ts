/** Writes the records of a dump in batches. A batch is complete when all of its records are acknowledged. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CallOptions, KvClient } from '../../../client/index.js';
import type { DumpRecord } from '../../../dump/index.js';
import type { KvError } from '../../../errors.js';

const batchKeys = 1_000;
const batchBytes = 4 * 1024 * 1024;
/**
 * A failed write is repeated. That is safe: it is unconditional, and no other client writes these keys during a
 * restore.
 */
const maxAttempts = 5;
const betweenAttemptsMs = 500;

/**
 * @throws the error of a write that cannot succeed, or failed `maxAttempts` times; DumpDamagedError from `records`.
 */
export async function writeRecords(
  client: Pick<KvClient, 'mput'>,
  records: AsyncIterable<DumpRecord>,
  call: CallOptions,
  onWritten: (keys: number, bytes: number) => void,
): Promise<void> {
  let batch: DumpRecord[] = [];
  let bytes = 0;
  const writeBatch = async (): Promise<void> => {
    await writeAll(client, batch, call);
    onWritten(batch.length, bytes);
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

async function writeAll(client: Pick<KvClient, 'mput'>, batch: readonly DumpRecord[], call: CallOptions): Promise<void> {
  let left: readonly DumpRecord[] = batch;
  for (let attempt = 1; ; attempt++) {
    const outcomes = await client.mput(left, call);
    const failures = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]));
    const [failure] = failures;
    if (failure === undefined) return;
    const hopeless = failures.find((error) => !mayPass(error));
    if (hopeless !== undefined) throw hopeless;
    if (attempt === maxAttempts) throw failure;
    left = left.filter((_, index) => outcomes[index]?.ok === false);
    await pause(betweenAttemptsMs, undefined, { signal: call.signal });
  }
}

function mayPass(error: KvError): boolean {
  return error.retryable || error.code === 'OUTCOME_UNKNOWN' || error.code === 'DEADLINE_EXCEEDED';
}
