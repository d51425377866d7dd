/** Who may use a data directory: one node of one cluster, with its data in one kind of place. */
import { randomBytes } from 'node:crypto';
import type { FolderDatabase, FolderIdentity } from './folder-files.js';
import type { StateKind } from './state-kind.js';

export type FolderOwner = Pick<FolderIdentity, 'nodeId' | 'cluster'>;

const folderIdBytes = 8;

/** Why this node must not use the folder, and what can be done, as sentences. Undefined: it may. */
export function problemOfOwner(known: FolderIdentity, { nodeId, cluster }: FolderOwner, state: StateKind): string | undefined {
  if (known.nodeId !== nodeId)
    return (
      `the folder holds data of node ${known.nodeId}, and this is node ${nodeId}. ` +
      `Start the node with --id ${known.nodeId}, or with another folder`
    );
  if (known.cluster.clusterId !== cluster.clusterId)
    return (
      `the folder holds data of cluster ${known.cluster.clusterId}, and ZooKeeper holds cluster ${cluster.clusterId}. ` +
      'Check --zk and --root. To join the other cluster without the data, use another folder'
    );
  const { kind = 'memory' } = known.database ?? {};
  if (kind !== state)
    return (
      `the folder belongs to a node with --state ${kind}, and this one has --state ${state}. ` +
      `Start the node with --state ${kind}, convert the data with "kvctl state convert --to ${state}", ` +
      'or use an empty folder: the node then receives its data from other nodes'
    );
  return undefined;
}

export function newDatabase(kind: StateKind): FolderDatabase | undefined {
  return kind === 'memory' ? undefined : { kind, folderId: randomBytes(folderIdBytes).toString('hex') };
}
