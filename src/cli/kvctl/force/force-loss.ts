/** Describes for the operator what is lost if one replica of a shard becomes primary. Pure. */
import { nodeIdOf } from '../../../replication/protocol/ids.js';
import type { ShardInfo } from '../../../wire/contract/kv-api.js';
import { type CandidateReplica, holdsData } from './choose-replica.js';
import { lastInSync } from './last-in-sync.js';
import type { OfflineCause } from './offline-cause.js';
import { describeHistory, type ShardHistory } from './shard-histories.js';

export interface Loss {
  /** `possible`: acknowledged writes may be lost. Their number cannot be known. */
  readonly extent: 'nothing' | 'possible' | 'everything';
  /** Whole sentences. Shards in the same case have the same text. */
  readonly text: string;
  /** True if a gone replica that was in sync may still run with its data, because its node has not been restarted. */
  readonly mayReturn: boolean;
}

export interface LossFacts {
  readonly info: ShardInfo;
  readonly cause: OfflineCause;
  readonly chosen: CandidateReplica;
  readonly history: ShardHistory | undefined;
  readonly others: readonly ShardHistory[];
  readonly replicas: readonly CandidateReplica[];
}

export function describeLoss(facts: LossFacts): Loss {
  const { history, others, chosen } = facts;
  const own = lossWithin(facts);
  if (others.length === 0 || history === undefined) return own;
  const given = others.map((one) => `All writes in history ${describeHistory(one)} are given up.`);
  const kept = `History ${history.id} continues${chosen === history.primary ? ', with its primary' : ''}.`;
  const text = [kept, ...given, ...(own.extent === 'nothing' ? [] : [own.text])].join(' ');
  return { ...own, extent: 'possible', text };
}

/** The loss within the chosen history. */
function lossWithin({ info, cause, chosen, history, replicas }: LossFacts): Loss {
  if (history === undefined || !holdsData(chosen)) {
    const gone = goneMembers(info, replicas);
    const text = 'Everything in the shard is lost: no live node holds a copy of it, and the shard begins empty.';
    return { extent: 'everything', text: cause === 'replicas-gone' ? `${text} ${gone.text}` : text, mayReturn: gone.mayReturn };
  }
  if (chosen === history.primary) return { extent: 'nothing', text: 'Nothing is lost: its primary continues.', mayReturn: false };
  if (cause !== 'replicas-gone') return lossWithoutState(history, replicas);
  const gone = goneMembers(info, replicas);
  return { extent: 'possible', text: `${lostBeyondTheCopy} ${gone.text}`, mayReturn: gone.mayReturn };
}

const lostBeyondTheCopy = 'Every acknowledged write that the chosen copy does not hold is lost.';

function lossWithoutState(history: ShardHistory, replicas: readonly CandidateReplica[]): Loss {
  const last = lastInSync(history, replicas);
  if (last === undefined) {
    const text = `${lostBeyondTheCopy} Which replicas were in sync last is not known.`;
    return { extent: 'possible', text, mayReturn: true };
  }
  if (last.gone.length === 0) {
    const text = 'Nothing is lost: every replica that was in sync last is live and has its data.';
    return { extent: 'nothing', text, mayReturn: false };
  }
  const { names, mayReturn } = nodesOf(last.gone, replicas);
  const text =
    last.left.length === 0
      ? `${lostBeyondTheCopy} Nodes that were in sync last and are gone: ${names}.`
      : `Nothing is lost unless ${names}, in sync last and now gone, accepted writes without ${[...last.left].sort().join(', ')}.`;
  return { extent: 'possible', text, mayReturn };
}

function goneMembers(info: ShardInfo, replicas: readonly CandidateReplica[]): { text: string; mayReturn: boolean } {
  const ids = info.replicas.filter(({ inSync, live }) => inSync && !live).map(({ replicaId }) => replicaId);
  const { names, mayReturn } = nodesOf(ids, replicas);
  return {
    text: `Nodes that were in sync last and are gone: ${names || 'not known'}.`,
    mayReturn: ids.length === 0 || mayReturn,
  };
}

/** Names nodes rather than replicas, so that all shards of a node get the same text. */
function nodesOf(replicaIds: readonly string[], replicas: readonly CandidateReplica[]): { names: string; mayReturn: boolean } {
  const live = new Set(replicas.map(({ node }) => node.id));
  const ids = replicaIds.map(nodeIdOf).sort();
  const names = ids.map((id) => (live.has(id) ? `${id} (restarted since)` : id)).join(', ');
  return { names, mayReturn: ids.some((id) => !live.has(id)) };
}
