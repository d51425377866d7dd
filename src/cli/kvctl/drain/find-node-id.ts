import type { CallOptions, KvClient } from '../../../client/index.js';
import { formatAddress, readAddress } from '../../../config/address.js';

/**
 * The id of a node that is named by its id or its address. A node that is not live has no known address, so it is named by its id;
 * the cluster refuses an id that it does not know.
 */
export async function findNodeId(client: Pick<KvClient, 'topology'>, wanted: string, call: CallOptions): Promise<string> {
  const { nodes } = await client.topology(call);
  const { value } = readAddress(wanted);
  const address = value === undefined ? wanted : formatAddress(value);
  return (nodes.find(({ id }) => id === wanted) ?? nodes.find((node) => node.address === address))?.id ?? wanted;
}
