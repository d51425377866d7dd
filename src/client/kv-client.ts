/**
 * The client library: finds the nodes, sends each operation to the primary, and retries what is safe to retry.
 *
 * Every failure is a `KvError`. Its `executed` states whether a write definitely did not happen (`no`) or may have happened
 * (`unknown`). After an attempt with an unknown outcome the client sends a write again until its deadline, with the identity by
 * which the shard recognises it and executes it once (R16).
 */
import { ClusterCalls } from './calls/cluster-calls.js';
import { ClientCore } from './client-core.js';
import { addressSourceOf, type KvClientOptions, resolveClientOptions } from './options.js';

/**
 * A connection to a kvnode cluster. Any number of concurrent callers may share it. The classes in `calls/` have its calls, by
 * subject.
 *
 * @example
 * const client = await KvClient.connect({ nodes: ['127.0.0.1:9090'] });
 * const { version } = await client.put('user:1', 'Alice');
 * await client.put('user:1', 'Bob', { ifVersion: version });
 * const found = await client.get('user:1'); // { value: <Buffer 42 6f 62>, version, nodeId }
 * await client.close(); // TypeScript, and Node.js from 24: `await using client = …` does it at the end of the block
 */
export class KvClient extends ClusterCalls {
  /**
   * Connects, and resolves when a node has reported the topology. The client then belongs to the cluster of that node.
   *
   * @param options either `nodes` or `zk` with `root`. Worker threads must use `nodes`.
   * @throws KvError INVALID_OPTION; WRONG_CLUSTER if the addresses belong to two clusters, or none belongs to `clusterId`;
   *   UNREACHABLE if no node answers within `deadlineMs` (default 10,000); COORDINATION_UNAVAILABLE if ZooKeeper does not.
   */
  static async connect(options: KvClientOptions): Promise<KvClient> {
    const resolved = resolveClientOptions(options);
    const core = new ClientCore(addressSourceOf(options, resolved.deadlineMs), resolved);
    await core.open();
    return new KvClient(core);
  }

  /**
   * Closes all connections at once, without waiting for answers. Operations that were not sent, and all reads, reject
   * with CLOSED; writes that may have been executed reject with OUTCOME_UNKNOWN. Idempotent.
   */
  close(): Promise<void> {
    return this.core.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
