/** Founds a cluster at once, like `kvctl init`. A first node would wait some seconds before it founds one. */
import { parseNodeCommandLine } from '../src/cli/node-command-line.js';
import { clusterOptions, resolveOptions } from '../src/config/index.js';
import { initializeCluster, proposedConfig } from '../src/coordination/index.js';
import { supportedFormats } from '../src/formats.js';

const timeoutMs = 30_000;

/**
 * @param words options of the nodes, one word each; options that do not concern the cluster are ignored
 * @throws KvError INVALID_OPTION; CONFIG_MISMATCH if another cluster is stored there; COORDINATION_UNAVAILABLE
 */
export async function foundCluster(
  zk: string,
  root: string,
  words: readonly string[],
  formats = supportedFormats,
): Promise<void> {
  const { given, configPath } = await parseNodeCommandLine(words);
  const used = [...clusterOptions, 'zk', 'root'] as const;
  const { values } = resolveOptions({ commandLine: { ...given, zk, root }, environment: {}, configPath, used });
  await initializeCluster(values.zk, values.root, proposedConfig(values, formats), timeoutMs);
}
