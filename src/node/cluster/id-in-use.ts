/**
 * Refuses to start under the id of a node that runs. If two nodes register under one id, the later registration counts: a typing
 * error would end the other node, and perhaps the last copy of its data.
 *
 * A registration at this node's own address belongs to a predecessor on this port, whose session has not expired yet. A registration
 * whose address does not answer belongs to a dead node.
 */
import type { MethodDefinition } from '@grpc/grpc-js';
import type { Coordinator } from '../../coordination/index.js';
import { KvError } from '../../errors.js';
import type { NodeStatus } from '../../wire/contract/kv-api.js';
import { clusterService } from '../../wire/contract/proto.js';
import { Forwarder } from '../operations/forwarder.js';

const answerTimeoutMs = 1_500;

/** @throws KvError CONFIG_MISMATCH naming the address of the other node */
export async function refuseIdInUse(coordinator: Coordinator, id: string, address: string): Promise<void> {
  const namesake = (await coordinator.readNodes()).find((node) => node.nodeId === id && node.address !== address);
  if (namesake === undefined || !(await answersTo(namesake.address, id))) return;
  throw new KvError('CONFIG_MISMATCH', `--id ${id}: a node with this id is running at ${namesake.address}`);
}

async function answersTo(address: string, id: string): Promise<boolean> {
  // A node learns only after this check which cluster it is in.
  const forwarder = new Forwarder(undefined);
  try {
    const method = clusterService.GetNodeStatus as MethodDefinition<object, NodeStatus>;
    const status = await forwarder.forward(address, method, {}, answerTimeoutMs);
    return status.nodeId === id;
  } catch (error) {
    if (error instanceof KvError) return false;
    throw error;
  } finally {
    forwarder.close();
  }
}
