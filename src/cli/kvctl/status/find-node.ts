import { formatAddress, readAddress } from '../../../config/address.js';
import { KvError } from '../../../errors.js';
import type { NodeInfo, Topology } from '../../../wire/contract/kv-api.js';

/** Finds a live node by its id or its address. @throws KvError INVALID_OPTION naming the live nodes. */
export function findNode({ nodes }: Pick<Topology, 'nodes'>, wanted: string): NodeInfo {
  const { value } = readAddress(wanted);
  const wantedAddress = value === undefined ? wanted : formatAddress(value);
  const found = nodes.find(({ id }) => id === wanted) ?? nodes.find(({ address }) => address === wantedAddress);
  if (found !== undefined) return found;
  throw new KvError(
    'INVALID_OPTION',
    `no live node has the id or address "${wanted}"; live nodes: ${nodes.map(({ id }) => id).join(', ')}`,
  );
}
