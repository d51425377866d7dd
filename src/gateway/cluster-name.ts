/** The cluster in requests and answers over HTTP: the header `kv-cluster`. */
import type { FastifyInstance } from 'fastify';
import type { KvError } from '../errors.js';

/** As the gRPC metadata of the same name. */
const clusterHeader = 'kv-cluster';

/** What judges the clusters that requests name. */
export interface Gate {
  /** Named in every answer. */
  readonly clusterId: string;
  /** @param peer where the request comes from, for the log. @returns the refusal, if the request names any other cluster. */
  judge(named: readonly string[], peer: () => string): KvError | undefined;
}

/** `gate` is undefined before the node knows its cluster; until then no operation is executed. */
export function nameCluster(app: FastifyInstance, gate: () => Gate | undefined): void {
  app.addHook('onRequest', async ({ raw, socket }) => {
    // Node.js joins several of one name: no cluster is called like that.
    const named = [raw.headers[clusterHeader] ?? []].flat();
    const refusal = gate()?.judge(named, () => `${socket.remoteAddress}:${socket.remotePort}`);
    if (refusal !== undefined) throw refusal;
  });
  app.addHook('onSend', async (_request, reply) => {
    const known = gate();
    if (known !== undefined) reply.header(clusterHeader, known.clusterId);
  });
}
