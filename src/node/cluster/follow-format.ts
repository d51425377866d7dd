/** The format of the cluster as a node that runs follows it, with what it keeps on disk. */
import type { ClusterConfig } from '../../coordination/index.js';
import { ClusterFormat, type FormatRange } from '../../formats.js';
import type { DataFolder } from '../data/data-folder.js';
import type { ClusterEvents } from './cluster-events.js';

/** @param config the configuration as it was agreed on, just now: its format may be raised from now on. */
export function followFormat(
  supported: FormatRange,
  config: ClusterConfig,
  events: ClusterEvents,
  folder: Pick<DataFolder, 'raiseFormat'> | undefined,
): ClusterFormat {
  const format = new ClusterFormat(supported, config.formatVersion);
  events.subscribe({ onFormat: (version) => void format.learn(version) });
  if (folder !== undefined)
    format.onRaised((version) => {
      folder.raiseFormat(version).catch((error: unknown) => events.onFatal(error as Error));
    });
  return format;
}
