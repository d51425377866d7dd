import { expect } from 'vitest';
import type { LocalCluster } from '../../../local/local-cluster.js';

/** Waits until every running node has logged that the shard is offline, and why. @returns the commands that the lines name. */
export async function loggedCommands(cluster: LocalCluster, lostNode: string): Promise<string[]> {
  const commands = await Promise.all(
    cluster.nodes
      .filter((node) => node.running)
      .map(async (node) => {
        const record = await node.log.waitFor(({ msg }) => msg.startsWith('no member of the in-sync set is live'));
        expect(record.msg).toContain(lostNode);
        return String(record.command);
      }),
  );
  return [...new Set(commands)];
}
