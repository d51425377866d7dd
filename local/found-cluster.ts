/** Founds a cluster at once, as `kvctl init` does: a first node that finds none waits for some seconds before it founds one. */
import { parseNodeCommandLine } from '../src/cli/node-command-line.js';
import { resolveOptions } from '../src/config/index.js';
import { initializeCluster, proposedConfig } from '../src/coordination/index.js';

const timeoutMs = 30_000;

/**
 * @param words options of the nodes, word by word; those that say nothing of the cluster make no difference
 * @throws KvError INVALID_OPTION; CONFIG_MISMATCH if another cluster is there; COORDINATION_UNAVAILABLE
 */
export async function foundCluster(zk: string, root: string, words: readonly string[]): Promise<void> {
  const { given, configPath } = await parseNodeCommandLine(words);
  const { values } = resolveOptions({ commandLine: { ...given, zk, root }, environment: {}, configPath });
  await initializeCluster(values.zk, values.root, proposedConfig(values), timeoutMs);
}
