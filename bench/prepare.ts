/**
 * The first stage. With --verify it reads every key as the baseline. Then it writes every key once, so that reads find
 * values.
 *
 * A key that cannot be written is only counted. A key that cannot be read cannot be verified, which ends the run.
 */
import { forEachKey } from './for-each-key.js';
import { keyName, ownKeys } from './options.js';
import { type BenchSession, writeAndRecord } from './session.js';

/** @returns the number of keys that could not be written */
export async function prepare(session: BenchSession): Promise<number> {
  const { client, workload, thread, history } = session;
  let failed = 0;
  await forEachKey(ownKeys(workload, thread), workload.inFlight, async (keyIndex) => {
    if (workload.verify) history.setBaseline(keyIndex, await client.get(keyName(keyIndex)));
    if (!workload.prefill) return;
    try {
      await writeAndRecord(session, keyIndex);
    } catch {
      failed += 1;
    }
  });
  return failed;
}
