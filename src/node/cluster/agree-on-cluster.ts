/**
 * The cluster that a node which starts belongs to: the one in ZooKeeper, a new one, or the one of its data directory.
 *
 * A node with data of a cluster never founds another one. Where ZooKeeper has lost the cluster, it writes the configuration back, as a
 * running node does (R14): every shard then waits for the operator's command (R13).
 */
import { type ClusterConfig, type Coordinator, checkSettings, proposedConfig } from '../../coordination/index.js';
import { formatsText, supportedFormats, supports } from '../../formats.js';
import type { DataFolder } from '../data/data-folder.js';
import { unusable } from '../data/folder-error.js';
import type { NodeOptions } from '../options.js';

/**
 * A new node founds a cluster after this many of its ZooKeeper sessions without one. Nodes of a cluster that ZooKeeper has lost
 * notice the loss within one session, and write the cluster back.
 */
const sessionsBeforeFounding = 1.5;

/** @throws KvError CONFIG_MISMATCH, UNSUPPORTED_FORMAT, COORDINATION_UNAVAILABLE, DATA_UNAVAILABLE */
export async function agreeOnCluster(
  options: NodeOptions,
  folder: DataFolder | undefined,
  coordinator: Coordinator,
): Promise<ClusterConfig> {
  const { formats = supportedFormats } = options;
  const proposed = proposedConfig(options, formats);
  const known = folder?.identity?.cluster;
  if (folder !== undefined && known !== undefined) {
    const { formatVersion } = known;
    if (!supports(formats, formatVersion))
      throw unusable(
        folder.path,
        `the cluster of the data uses format ${formatVersion}, and this version of kvnode supports ${formatsText(formats)}. ` +
          `Install ${known.kvnodeVersion === undefined ? '' : `kvnode ${known.kvnodeVersion}, or `}a version that supports format ${formatVersion}`,
      );
    checkSettings(`the cluster of the data in ${folder.path}`, proposed, known);
    return coordinator.agreeOnConfig({ ...known, restored: true });
  }
  const foundAfterMs = options.join ? Number.POSITIVE_INFINITY : sessionsBeforeFounding * options.sessionMs;
  return coordinator.agreeOnConfig(proposed, foundAfterMs);
}
