/**
 * Plans `kvctl shard force-primary` for each shard: which replica becomes primary, what is lost by that, and which
 * histories are given up (R13). Pure: a plan depends only on the nodes' reports.
 */
import { KvError } from '../../../errors.js';
import type { HistoryPosition, ShardInfo } from '../../../wire/contract/kv-api.js';
import type { GatheredCluster } from '../status/gather.js';
import { type CandidateReplica, rankReplicas, replicasByShard } from './choose-replica.js';
import { describeLoss, type Loss } from './force-loss.js';
import { type OfflineCause, offlineCauseOf } from './offline-cause.js';
import { describeHistory, historiesOf, lineIdOf, meantBy, type ShardHistory } from './shard-histories.js';

export interface ShardPlan {
  readonly shard: number;
  readonly cause: OfflineCause;
  readonly chosen: CandidateReplica;
  /** The history of the chosen replica. Undefined: no live replica holds data, and the shard begins empty. */
  readonly history: ShardHistory | undefined;
  /** The histories that this plan gives up. */
  readonly others: readonly ShardHistory[];
  /**
   * Ids of the histories given up, and of epochs of the chosen history that may not lead to the chosen replica's data.
   */
  readonly givesUp: readonly string[];
  readonly loss: Loss;
}

/** A shard that was named or is offline, and the reason why it cannot be forced. */
export interface ShardProblem {
  readonly shard: number;
  readonly histories: readonly ShardHistory[];
  readonly error: KvError;
}

export interface ForcePlan {
  readonly plans: readonly ShardPlan[];
  readonly problems: readonly ShardProblem[];
}

/**
 * `shards`: the named shards; `all`: every shard that is offline or has more than one history. `chosenIds`: the ids of
 * the histories to keep, at most one per shard.
 * @throws KvError INVALID_OPTION if a shard does not exist, an id matches no history, or two ids are of one shard.
 */
export function planForce(
  view: GatheredCluster,
  shards: readonly number[] | 'all',
  chosenIds: readonly string[] = [],
): ForcePlan {
  const replicas = replicasByShard(view.answers);
  const sights = chosenShards(view, shards).map((info) => lookAt(info, replicas.get(info.shard) ?? []));
  const unknown = chosenIds.find((id) => !sights.some(({ histories }) => meantBy(id, histories).length > 0));
  if (unknown !== undefined) throw noSuchHistory(unknown, sights);
  const plans: ShardPlan[] = [];
  const problems: ShardProblem[] = [];
  for (const sight of sights) {
    if (sight.cause === undefined && shards === 'all') continue;
    const { histories, info } = sight;
    const planned = planShard(
      sight,
      chosenIds.filter((id) => meantBy(id, histories).length > 0),
    );
    if (planned instanceof KvError) problems.push({ shard: info.shard, histories, error: planned });
    else plans.push(planned);
  }
  return { plans, problems };
}

interface ShardSight {
  readonly info: ShardInfo;
  /** Undefined: the shard is not offline and has one history. */
  readonly cause: OfflineCause | undefined;
  readonly replicas: readonly CandidateReplica[];
  readonly histories: readonly ShardHistory[];
}

function chosenShards({ topology }: GatheredCluster, shards: readonly number[] | 'all'): readonly ShardInfo[] {
  if (shards === 'all') return topology.shards;
  return shards.map((number) => {
    const info = topology.shards.find(({ shard }) => shard === number);
    if (info === undefined) throw new KvError('INVALID_OPTION', `SHARD: there is no shard ${number}`);
    return info;
  });
}

function lookAt(info: ShardInfo, replicas: readonly CandidateReplica[]): ShardSight {
  const histories = historiesOf(replicas, info.offline);
  return { info, replicas, histories, cause: offlineCauseOf(info, histories) };
}

function planShard({ info, cause, replicas, histories }: ShardSight, ids: readonly string[]): ShardPlan | KvError {
  if (cause === undefined) return notOffline(info);
  const history = chooseHistory(info.shard, histories, ids);
  if (history instanceof KvError) return history;
  const chosen = history === undefined ? rankReplicas(replicas)[0] : (history.primary ?? history.holders[0]);
  if (chosen === undefined) {
    return new KvError(
      'SHARD_OFFLINE',
      history === undefined
        ? `no live node holds a replica of shard ${info.shard}; start one first`
        : `no node that answered holds data of history ${history.id} of shard ${info.shard}: bring back a node that holds it, or choose another history`,
    );
  }
  const others = histories.filter((one) => one !== history);
  return {
    shard: info.shard,
    cause,
    chosen,
    history,
    others,
    givesUp: otherLines(chosen, replicas),
    loss: describeLoss({ info, cause, chosen, history, others, replicas }),
  };
}

/** Undefined: the shard has no history. */
function chooseHistory(
  shard: number,
  histories: readonly ShardHistory[],
  ids: readonly string[],
): ShardHistory | undefined | KvError {
  const meant = new Set(ids.flatMap((id) => meantBy(id, histories)));
  const [only] = meant.size === 0 ? histories : meant;
  if (histories.length < 2 || meant.size === 1) return only;
  const listed = histories.map((history) => `\n  ${describeHistory(history)}`).join('');
  const what = meant.size === 0 ? 'choose the one to keep with --history ID' : '--history names more than one of them';
  return new KvError('NOT_FORCED', `shard ${shard} has ${histories.length} histories; ${what}:${listed}`);
}

/**
 * The lines of every other copy and of ZooKeeper's state: a history's id, or within the chosen history the id of the
 * newest epoch.
 */
function otherLines({ replica }: CandidateReplica, replicas: readonly CandidateReplica[]): string[] {
  const own = replica.held ?? undefined;
  const positions = replicas.flatMap(({ replica: one }) => [one.complete ? one.held : null, one.found]);
  const ids = positions
    .filter((one): one is HistoryPosition => one !== null && one !== undefined)
    .map((one) => (one.history === own?.history ? lineIdOf(one) : one.history));
  return [...new Set(ids)].filter((id) => own === undefined || id !== lineIdOf(own));
}

function notOffline({ shard, replicas }: ShardInfo): KvError {
  if (replicas.some(({ inSync, live }) => inSync && live)) {
    return new KvError(
      'NOT_FORCED',
      `shard ${shard} is not offline: an in-sync replica of it is live, and nothing has to be given up`,
    );
  }
  return new KvError(
    'NOT_FORCED',
    `no node that answers knows the state of shard ${shard} yet: a node learns it when the shard is placed on it, --replace-after-ms after the former node vanished`,
  );
}

function noSuchHistory(id: string, sights: readonly ShardSight[]): KvError {
  const known = sights.flatMap(({ info, histories, cause }) =>
    cause === undefined && sights.length > 1 ? [] : histories.map((one) => `\n  shard ${info.shard}: ${describeHistory(one)}`),
  );
  return new KvError(
    'INVALID_OPTION',
    `--history: "${id}" is not a history of these shards; their histories:${known.join('') || ' none'}`,
  );
}
