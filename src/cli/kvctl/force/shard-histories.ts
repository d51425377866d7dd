/**
 * Finds the histories of one shard that live replicas hold or ZooKeeper names, and matches an operator's id to them. A
 * shard normally has one history. If ZooKeeper lost data, a second history may have begun, or one history may have
 * split into two lines. Pure.
 */
import { markIdOf } from '../../../replication/protocol/lineage.js';
import type { HistoryPosition } from '../../../wire/contract/kv-api.js';
import { type CandidateReplica, holdsData, rankReplicas } from './choose-replica.js';

export interface ShardHistory {
  /** The id for `--history`: the history's id, or `history:epoch_id` if the history has two lines. */
  readonly id: string;
  readonly history: string;
  /** The newest epoch that a holder, or ZooKeeper, names. */
  readonly epoch: number;
  readonly epochIds: readonly string[];
  /** The best replica comes first. Empty: ZooKeeper names the history, and no node that answered holds data of it. */
  readonly holders: readonly CandidateReplica[];
  /** The holder that is the shard's primary. */
  readonly primary: CandidateReplica | undefined;
}

/**
 * `isOffline`: whether the shard is offline. Then no failover is under way, so a primary of an older epoch is of
 * another line.
 */
export function historiesOf(replicas: readonly CandidateReplica[], isOffline: boolean): ShardHistory[] {
  const named = new Set([...replicas.filter(holdsData).map(heldBy), ...replicas.map(foundBy)].map((one) => one?.history));
  return [...named]
    .filter((history) => history !== undefined)
    .sort()
    .flatMap((history) => linesOf(history, replicas, isOffline));
}

/**
 * The histories that an operator may mean by an id. A whole id takes precedence over a prefix, a history's id over an
 * epoch's id.
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

/** A history as text: its holders, and the last seq of each. */
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

/** The id with which the command gives up a line of the chosen history. Two lines may diverge within one epoch. */
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
  // A primary that was replaced a moment ago may have answered before it knew that.
  const [primary] = holders
    .filter(({ replica }) => replica.role === 'primary')
    .sort((one, other) => other.replica.epoch - one.replica.epoch);
  return { id, history, epoch, epochIds, holders, primary };
}

/**
 * Whether the history has two lines. Signs are two ids of one epoch number; a holder that finds its own history in
 * ZooKeeper and cannot follow it; or a primary of an offline shard while others know a later epoch.
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
