/** Names the cluster in requests and answers over HTTP: the header `kv-cluster`. */
import type { FastifyInstance } from 'fastify';
import type { KvError } from '../../errors.js';

/** The gRPC metadata key has the same name. */
const clusterHeader = 'kv-cluster';

/** Judges the clusters that requests name. */
export interface Gate {
  /** The id of this node's cluster, which every answer names. */
  readonly clusterId: string;
  /** @param peer the address of the client, for the log. @returns the refusal, if the request names another cluster. */
  judge(named: readonly string[], peer: () => string): KvError | undefined;
}

/** `gate` is undefined before the node knows its cluster; until then no operation is executed. */
export function nameCluster(app: FastifyInstance, gate: () => Gate | undefined): void {
  app.addHook('onRequest', async ({ raw, socket }) => {
    // Node.js joins several headers of one name with commas, which no cluster id contains.
    const named = [raw.headers[clusterHeader] ?? []].flat();
    const refusal = gate()?.judge(named, () => `${socket.remoteAddress}:${socket.remotePort}`);
    if (refusal !== undefined) throw refusal;
  });
  app.addHook('onSend', async (_request, reply) => {
    const known = gate();
    if (known !== undefined) reply.header(clusterHeader, known.clusterId);
  });
}
