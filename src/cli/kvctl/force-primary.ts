import { KvError } from '../../errors.js';
import type { ShardInfo } from '../../rpc/kv-api.js';
import { type CandidateReplica, holdsData, rankReplicas } from './choose-replica.js';
import { type Command, expectOperands, parseWholeNumber } from './command.js';
import { type ExitCode, exitCodes } from './exit-codes.js';
import { type ClusterView, gatherCluster } from './gather.js';

const acceptFlag = 'accept-data-loss';

export const forcePrimaryCommand: Command = {
  name: 'shard force-primary',
  operands: `SHARD --${acceptFlag}`,
  summary: 'Go on without the lost in-sync replicas of an offline shard. Acknowledged writes may be lost',
  isWrite: true,
  options: {
    [acceptFlag]: {
      type: 'boolean',
      describe: 'Writes that only the lost replicas hold may be given up; those replicas are stopped for good',
    },
  },
  async run({ connect, operands, options, call, output }): Promise<ExitCode> {
    expectOperands(forcePrimaryCommand, operands, 1);
    const number = parseWholeNumber('SHARD', operands[0] ?? '', 0);
    const client = await connect();
    const view = await gatherCluster(client, call, output);
    const shard = offlineShard(view, number);
    refuseSilentNodes(view);
    const [best] = rankReplicas(number, view.answers);
    if (best === undefined)
      throw new KvError('SHARD_OFFLINE', `no live node holds a replica of shard ${number}; start one first`);

    const loss = describeLoss(shard, best);
    if (options[acceptFlag] !== true) {
      output.note(`${loss}\nNothing was changed. To go on all the same, add --${acceptFlag} to the command.`);
      output.noResult({ shard: number, executed: false, wouldChoose: best, loss });
      return exitCodes.failed;
    }
    output.note(loss);
    const { epoch, seqFloor } = await client.forcePrimary(best.node.address, { shard: number, acceptDataLoss: true, ...call });
    output.result(`node ${best.node.id} is primary of shard ${number} in epoch ${epoch}; versions go on from ${seqFloor}`, {
      shard: number,
      executed: true,
      nodeId: best.node.id,
      epoch,
      seqFloor,
    });
    return exitCodes.ok;
  },
};

function offlineShard({ topology }: ClusterView, number: number): ShardInfo {
  const shard = topology.shards.find((candidate) => candidate.shard === number);
  if (shard === undefined) throw new KvError('INVALID_OPTION', `SHARD: there is no shard ${number}`);
  if (shard.offline) return shard;
  if (!shard.replicas.some(({ inSync, live }) => inSync && live))
    throw new KvError(
      'NOT_FORCED',
      `no node that answers knows what became of shard ${number} yet: it will when the shard is placed on it, --replace-after-ms after the node that had it has vanished`,
    );
  throw new KvError(
    'NOT_FORCED',
    `shard ${number} is not offline: an in-sync replica of it is live, and nothing has to be given up`,
  );
}

/** A node that is registered but silent may hold more than any that answered. */
function refuseSilentNodes({ answers }: ClusterView): void {
  const silent = answers.filter(({ status }) => status === undefined);
  if (silent.length === 0) return;
  const names = silent.map(({ node, problem }) => `${node.id} (${problem})`).join(', ');
  throw new KvError(
    'UNREACHABLE',
    `registered but without an answer: ${names}. It may hold more than the others: stop it for good, wait until its ZooKeeper session has ended, and try again`,
  );
}

function describeLoss(shard: ShardInfo, best: CandidateReplica): string {
  const lost = shard.replicas.filter(({ inSync, live }) => inSync && !live);
  const names = lost.map(({ replicaId, nodeId }) => (nodeId === '' ? replicaId : `${nodeId} (replica ${replicaId})`));
  const from = holdsData(best)
    ? `the best live copy is on ${best.node.id}: up to seq ${best.replica.lastSeq} of epoch ${best.replica.lastEpoch}, ${best.replica.keys} keys. Every acknowledged write that it does not hold is lost`
    : `no live replica holds data; ${best.node.id} would begin empty. Every acknowledged write is lost`;
  return [
    `Shard ${shard.shard} is offline in epoch ${shard.epoch}. In sync, and gone: ${names.join(', ') || 'not known'}.`,
    `Going on without them: ${from}.`,
    'Start one of them again if its data still exists; make sure that they are stopped before you go on without them.',
  ].join('\n');
}
