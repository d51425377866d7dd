/** Whose data a database holds. It belongs to one node of one cluster, and to one data directory: the log there continues it. */
import { DatabaseError } from '../database/state-database.js';
import type { PostgresSession } from './postgres-session.js';
import { claimNode, findNodeRow } from './statements.js';

export interface DatabaseIdentity {
  readonly nodeId: string;
  readonly clusterId: string;
  /** Random, made with the data directory. */
  readonly folderId: string;
}

/** The database belongs to this node from now on, if it belonged to none. @throws DatabaseError if it belongs to another one */
export async function claim(session: PostgresSession, { nodeId, clusterId, folderId }: DatabaseIdentity): Promise<void> {
  const [found] = await session.query(findNodeRow);
  if (found === undefined) {
    await session.query(claimNode, [nodeId, clusterId, folderId]);
    return;
  }
  const [foundNode, foundCluster, foundFolder] = found as [string, string, string];
  const orEmpty = 'or give this node an empty database or schema in --postgres';
  if (foundCluster !== clusterId)
    throw refused(
      `holds data of cluster ${foundCluster}, and this node is of cluster ${clusterId}: correct --zk or --root, ${orEmpty}`,
    );
  if (foundNode !== nodeId)
    throw refused(`holds data of node ${foundNode}, and this is node ${nodeId}: start it with --id ${foundNode}, ${orEmpty}`);
  if (foundFolder !== folderId)
    throw refused(
      'continues the log in another data directory of this node: start it with that --data-dir, ' +
        `${orEmpty}; its replicas then receive their data from other nodes`,
    );
}

function refused(reason: string): DatabaseError {
  return new DatabaseError(`the database ${reason}`, { isLost: true });
}
