/** Reads one key for a command. */
import type { CallOptions, GetResult, KvClient } from '../../../client/index.js';
import type { Output } from '../output.js';
import { reportWait } from '../waiting.js';

/** @returns undefined if the key does not exist, which has been reported. @throws KvError */
export async function readKey(
  client: KvClient,
  key: string,
  call: CallOptions,
  output: Output,
): Promise<{ readonly found: GetResult; readonly nodeId: string } | undefined> {
  const [outcome] = await reportWait(client, [key], output, () => client.mgetSettled([key], call));
  if (outcome?.ok !== true) throw outcome?.error;
  const { found, nodeId } = outcome;
  if (found !== undefined) return { found, nodeId };
  output.remark(`the key does not exist (by ${nodeId})`);
  output.noResult({ key, found: false, nodeId });
  return undefined;
}
