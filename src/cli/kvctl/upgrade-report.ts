/** Formats what `kvctl upgrade` has found or done, with the next step. Pure. */
import type { ClusterFormats, FinishedUpgrade } from '../../coordination/index.js';
import { formatsText } from '../../formats.js';
import { plainTable } from './tables.js';

export function renderFormats(cluster: ClusterFormats): string {
  return [`cluster ${cluster.clusterId} uses format ${cluster.inUse}`, nodeTable(cluster), nextStep(cluster)].join('\n\n');
}

function nodeTable({ nodes }: ClusterFormats): string {
  const table = plainTable(['node', 'version', 'supports']);
  for (const { nodeId, kvnodeVersion, formats } of nodes)
    table.push([nodeId, kvnodeVersion ?? '-', formats === undefined ? 'not known' : formatsText(formats)]);
  return table.toString();
}

function nextStep({ inUse, newest, nodes, behind }: ClusterFormats): string {
  if (nodes.length === 0) return 'no node is registered';
  if (newest === inUse) return 'no node supports a newer format: there is no upgrade to finish';
  if (behind.length === 0)
    return `every node supports format ${newest}: "kvctl upgrade --finish" takes it into use; until then every node can go back to the older version`;
  const names = behind.map(({ nodeId }) => nodeId).join(', ');
  return `to be upgraded before format ${newest} can be taken into use: ${names}`;
}

export function renderFinished({ before, cluster }: FinishedUpgrade): string {
  const { clusterId, inUse, behind } = cluster;
  const done = `cluster ${clusterId} uses format ${inUse} from now on (before: ${before}); nodes that do not support it are refused`;
  if (behind.length === 0) return done;
  const names = behind.map(({ nodeId }) => nodeId).join(', ');
  return `${done}\nregistered meanwhile, and serving nothing until they are upgraded: ${names}`;
}
