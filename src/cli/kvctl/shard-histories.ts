/**
 * The histories of one shard that live replicas hold or ZooKeeper names, and which of them an operator means. There is one
 * as a rule; a ZooKeeper that lost data may have let another begin, or one history go on in two lines. Pure.
 */
import { markIdOf } from '../../replication/index.js';
import type { HistoryPosition } from '../../wire/contract/kv-api.js';
import { type CandidateReplica, holdsData, rankReplicas } from './choose-replica.js';

export interface ShardHistory {
  /** What `--history` takes: the history's id, or `history:epoch_id` where two lines of one history meet. */
  readonly id: string;
  readonly history: string;
  /** The newest epoch that a holder, or ZooKeeper, names. */
  readonly epoch: number;
  readonly epochIds: readonly string[];
  /** Best first; empty: ZooKeeper names the history, and no node that answered holds data of it. */
  readonly holders: readonly CandidateReplica[];
  /** The holder that is the shard's primary. */
  readonly primary: CandidateReplica | undefined;
}

/** `isOffline`: the shard is; without a failover that is only just under way, a primary of an older epoch is of another line. */
export function historiesOf(replicas: readonly CandidateReplica[], isOffline: boolean): ShardHistory[] {
  const named = new Set([...replicas.filter(holdsData).map(heldBy), ...replicas.map(foundBy)].map((one) => one?.history));
  return [...named]
    .filter((history) => history !== undefined)
    .sort()
    .flatMap((history) => linesOf(history, replicas, isOffline));
}

/**
 * Those that an operator may mean by an id. A whole id counts before the beginning of one, an id of a history before that of
 * an epoch.
 */
export function meantBy(id: string, histories: readonly ShardHistory[]): readonly ShardHistory[] {
  const [historyId = '', epochId] = id.split(':');
  const tests: ((one: ShardHistory) => boolean)[] =
    epochId === undefined
      ? [
          ({ history }) => history === id,
          ({ epochIds }) => epochIds.includes(id),
          ({ history }) => history.startsWith(id),
          ({ epochIds }) => epochIds.some((one) => one.startsWith(id)),
        ]
      : [
          ({ history, epochIds }) => history === historyId && epochIds.includes(epochId),
          ({ history, epochIds }) => history.startsWith(historyId) && epochIds.some((one) => one.startsWith(epochId)),
        ];
  return tests.map((isMeant) => histories.filter(isMeant)).find((found) => found.length > 0) ?? [];
}

/** For people: who holds it, and how far it goes. */
export function describeHistory({ id, epoch, holders, primary }: ShardHistory): string {
  const copies = holders.map(
    ({ node, replica }) =>
      `${node.id} (${node.id === primary?.node.id ? 'primary, ' : ''}up to seq ${replica.lastSeq} of epoch ${replica.held?.epoch}, ${replica.keys} keys)`,
  );
  const held = copies.length === 0 ? 'named by ZooKeeper, and held by no node that answered' : `held by ${copies.join(', ')}`;
  return `${id} at epoch ${epoch}: ${held}`;
}

/** `history at epoch number:id`, or `-`. */
export function positionText(position: HistoryPosition | null | undefined): string {
  return position === null || position === undefined ? '-' : `${position.history} at epoch ${position.epoch}:${position.epochId}`;
}

/** What the command gives up to give up a line of the chosen history: two may part within an epoch. */
export function lineIdOf({ epoch, epochId, removals }: HistoryPosition): string {
  return markIdOf({ epoch, id: epochId, removals });
}

function linesOf(history: string, replicas: readonly CandidateReplica[], isOffline: boolean): ShardHistory[] {
  const holders = rankReplicas(replicas.filter((one) => holdsData(one) && heldBy(one)?.history === history));
  const found = replicas.map(foundBy).filter((one) => one?.history === history);
  const positions = [...holders.map(heldBy), ...found].filter((one) => one !== undefined);
  if (!isSplit(holders, positions, isOffline)) return [historyAt(history, history, positions, holders)];
  const epochIds = [...new Set(positions.map(({ epochId }) => epochId))];
  return epochIds.map((epochId) =>
    historyAt(
      `${history}:${epochId}`,
      history,
      positions.filter((one) => one.epochId === epochId),
      holders.filter((one) => heldBy(one)?.epochId === epochId),
    ),
  );
}

function historyAt(
  id: string,
  history: string,
  positions: readonly HistoryPosition[],
  holders: readonly CandidateReplica[],
): ShardHistory {
  const epochIds = [...new Set(positions.map(({ epochId }) => epochId))];
  const epoch = Math.max(...positions.map((one) => one.epoch));
  // One that was replaced a moment ago may have told so before it knew.
  const [primary] = holders
    .filter(({ replica }) => replica.role === 'primary')
    .sort((one, other) => other.replica.epoch - one.replica.epoch);
  return { id, history, epoch, epochIds, holders, primary };
}

/**
 * Two lines of one history: two ids of one epoch number; a holder that finds its own history in ZooKeeper and cannot follow;
 * or a primary, though others know a later epoch than its own.
 */
function isSplit(holders: readonly CandidateReplica[], positions: readonly HistoryPosition[], isOffline: boolean): boolean {
  const idByEpoch = new Map<number, string>();
  for (const { epoch, epochId } of positions) {
    if ((idByEpoch.get(epoch) ?? epochId) !== epochId) return true;
    idByEpoch.set(epoch, epochId);
  }
  if (holders.some((one) => foundBy(one)?.history === heldBy(one)?.history)) return true;
  const newest = Math.max(...positions.map(({ epoch }) => epoch));
  return isOffline && holders.some(({ replica }) => replica.role === 'primary' && (replica.held?.epoch ?? newest) < newest);
}

function heldBy({ replica }: CandidateReplica): HistoryPosition | undefined {
  return replica.held ?? undefined;
}

function foundBy({ replica }: CandidateReplica): HistoryPosition | undefined {
  return replica.found ?? undefined;
}
