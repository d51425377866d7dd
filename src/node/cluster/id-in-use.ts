/**
 * Refuses to start under the id of a node that runs. If two nodes register under one id, the later registration counts: a typing
 * error would end the other node, and perhaps the last copy of its data.
 *
 * A registration at this node's own address belongs to a predecessor on this port, whose session has not expired yet. A registration
 * whose address does not answer belongs to a dead node.
 */
import type { Coordinator } from '../../coordination/index.js';
import { KvError } from '../../errors.js';
import { probeAddress } from './probe-address.js';

/** A node that does not answer within this time is taken for dead. */
const answerTimeoutMs = 1_500;
/** This process learns nothing from a probe that comes back to it. */
const noToken = '';

/**
 * @param dataDir the folder from which the id comes. Undefined: there is none
 * @throws KvError CONFIG_MISMATCH or DATA_UNAVAILABLE, naming the address of the other node
 */
export async function refuseIdInUse(
  coordinator: Coordinator,
  id: string,
  address: string,
  dataDir: string | undefined,
): Promise<void> {
  const namesake = (await coordinator.readNodes()).find((node) => node.nodeId === id && node.address !== address);
  if (namesake === undefined) return;
  const found = await probeAddress(namesake.address, noToken, answerTimeoutMs).result;
  if (found.kind !== 'answered' || found.nodeId !== id) return;
  const running = `a node with this id is running at ${namesake.address}`;
  if (dataDir === undefined) throw new KvError('CONFIG_MISMATCH', `--id ${id}: ${running}`);
  throw new KvError(
    'DATA_UNAVAILABLE',
    `--data-dir ${dataDir}: the data is of node ${id}, and ${running}: this folder is a copy, or that node was started with another ` +
      'folder. Stop that node, or use an empty folder',
  );
}
