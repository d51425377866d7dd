/** The last stage: reads back every key of the thread and compares it with the acknowledged writes. */
import { forEachKey } from './for-each-key.js';
import { keyName, ownKeys } from './options.js';
import type { BenchSession } from './session.js';
import type { VerificationResult } from './violations.js';

export async function verify({ client, workload, thread, history, violations }: BenchSession): Promise<VerificationResult> {
  let keysRead = 0;
  let unreadable = 0;
  await forEachKey(ownKeys(workload, thread), workload.inFlight, async (keyIndex) => {
    try {
      const found = await client.get(keyName(keyIndex));
      keysRead += 1;
      violations.add(keyIndex, history.finalRead(keyIndex, found));
    } catch {
      unreadable += 1;
    }
  });
  return { keysRead, unreadable, violations: violations.summary };
}
