/**
 * Refuses to start under the id of a node that runs: of two registrations under one id the later one counts, so a slip of
 * the pen would end the other node, and with it perhaps the last copy of its data.
 *
 * A registration at our own address is that of a predecessor on this port, whose session has not expired yet; one whose
 * address does not answer is that of a dead one.
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
  // Which cluster it is in, a node learns only after this check.
  const asker = new Forwarder(undefined);
  try {
    const method = clusterService.GetNodeStatus as MethodDefinition<object, NodeStatus>;
    const status = await asker.forward(address, method, {}, answerTimeoutMs);
    return status.nodeId === id;
  } catch (error) {
    if (error instanceof KvError) return false;
    throw error;
  } finally {
    asker.close();
  }
}
