/** What is lost when one replica of a shard goes on, in words for the operator who decides. Pure. */
import { nodeIdOf } from '../../replication/index.js';
import type { ShardInfo } from '../../wire/contract/kv-api.js';
import { type CandidateReplica, holdsData } from './choose-replica.js';
import { lastInSync } from './last-in-sync.js';
import type { OfflineCause } from './offline-cause.js';
import { describeHistory, type ShardHistory } from './shard-histories.js';

export interface Loss {
  /** `possible`: acknowledged writes may be lost; how many cannot be known. */
  readonly extent: 'nothing' | 'possible' | 'everything';
  /** Whole sentences. The same for shards that are in the same case. */
  readonly text: string;
  /** Some replica that was in sync and is gone may still run with its data: its node has not been started again. */
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
  const given = others.map((one) => `Given up is all that was written in history ${describeHistory(one)}.`);
  const kept = `History ${history.id} goes on${chosen === history.primary ? ', with its primary' : ''}.`;
  const text = [kept, ...given, ...(own.extent === 'nothing' ? [] : [own.text])].join(' ');
  return { ...own, extent: 'possible', text };
}

/** Of the history that goes on. */
function lossWithin({ info, cause, chosen, history, replicas }: LossFacts): Loss {
  if (history === undefined || !holdsData(chosen)) {
    const gone = goneMembers(info, replicas);
    const text = 'Everything in the shard is lost: no live node holds a copy of it, and it begins empty.';
    return { extent: 'everything', text: cause === 'replicas-gone' ? `${text} ${gone.text}` : text, mayReturn: gone.mayReturn };
  }
  if (chosen === history.primary) return { extent: 'nothing', text: 'Nothing is lost: its primary goes on.', mayReturn: false };
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
      ? `${lostBeyondTheCopy} In sync last, and gone: ${names}.`
      : `Nothing is lost unless ${names}, in sync last and gone, went on without ${[...last.left].sort().join(', ')} before that.`;
  return { extent: 'possible', text, mayReturn };
}

function goneMembers(info: ShardInfo, replicas: readonly CandidateReplica[]): { text: string; mayReturn: boolean } {
  const ids = info.replicas.filter(({ inSync, live }) => inSync && !live).map(({ replicaId }) => replicaId);
  const { names, mayReturn } = nodesOf(ids, replicas);
  return { text: `In sync last, and gone: ${names || 'not known'}.`, mayReturn: ids.length === 0 || mayReturn };
}

/** Nodes rather than replicas: they are the same for all shards that were there. */
function nodesOf(replicaIds: readonly string[], replicas: readonly CandidateReplica[]): { names: string; mayReturn: boolean } {
  const live = new Set(replicas.map(({ node }) => node.id));
  const ids = replicaIds.map(nodeIdOf).sort();
  const names = ids.map((id) => (live.has(id) ? `${id} (restarted since)` : id)).join(', ');
  return { names, mayReturn: ids.some((id) => !live.has(id)) };
}
