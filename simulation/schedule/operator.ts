/**
 * The operator gives up what only dead members held, and keeps the vow that goes with the command (R13). First the
 * operator makes sure that the members of the in-sync set are dead for good; where ZooKeeper has lost `state`, every
 * replica must have reported that. After several such losses `state` may be of a lower epoch than replicas remember.
 * Then the command goes to one of the replicas that report it.
 */
import { endOf, markIdOf, nameOf, type ShardState } from '../../src/replication/index.js';
import type { SimProcess } from '../cluster/sim-process.js';
import type { World } from '../cluster/world.js';

/** Returns whether the operator gave the command. */
export function callOperator(world: World): boolean {
  const candidates = live(world).filter(({ runs, stopping, session }) => runs && !stopping && session.connected);
  if (candidates.length === 0 || live(world).some((process) => mayServeUnnoticed(world, process))) return false;
  if (isDivided(world)) return choose(world, candidates);
  if (isStranded(world))
    return isServed(world) ? startAnew(world, candidates.filter(isOffline)) : force(world, candidates.filter(isOffline));
  const { state } = world.ensemble;
  const mayForce = state === undefined ? mayForceWithoutState(world, live(world)) : mayForceAfter(world, state);
  return mayForce && force(world, candidates);
}

function mayForceWithoutState(world: World, live: readonly SimProcess[]): boolean {
  if (!world.isStateLost || live.some((process) => !process.paused && !isOffline(process))) return false;
  // The operator may forget a node that is down. It then returns with data of a history that went on without it.
  const areGone = world.random.chance(0.5);
  for (const node of world.nodes) if (node.process === undefined && areGone) world.loseData(node.index);
  return true;
}

/**
 * Two kinds of primaries could still serve while the operator decides: a frozen one that is alone in its set would
 * serve for a moment when it continues, and one may serve an epoch that ZooKeeper does not show, without having noticed
 * it. The operator makes sure first that neither exists.
 */
function mayServeUnnoticed({ ensemble }: World, { paused, replica, replicaId, nowMs }: SimProcess): boolean {
  if (!replica.isPrimary) return false;
  return paused || (replicaId !== ensemble.state?.primary && replica.refusalOfRead(nowMs) === undefined);
}

function mayForceAfter(world: World, { primary, inSync }: ShardState): boolean {
  if (primary === undefined || !inSync.every((id) => isGone(world, id))) return false;
  for (const node of world.nodes) {
    if (node.kept !== undefined && inSync.includes(node.kept.disk.replicaId)) world.loseData(node.index);
  }
  return true;
}

/**
 * `state` names a primary that no replica follows, because the others remember a higher epoch. Or it names a member
 * without data of the history: one that crashed before it began the history, or has discarded its copy since.
 */
export function isStranded(world: World): boolean {
  const { state } = world.ensemble;
  if (state === undefined) return false;
  const isInVain = ({ replica, replicaId }: SimProcess): boolean =>
    replica.epoch > state.epoch || (replica.epoch === state.epoch && state.inSync.includes(replicaId));
  return world.running.some((process) => isInVain(process) && isOffline(process));
}

function isServed(world: World): boolean {
  const primary = world.processOf(world.ensemble.state?.primary ?? '');
  return primary?.replica.refusalOfRead(primary.nowMs) === undefined && primary !== undefined;
}

/**
 * A replica without data that remembers a higher epoch does not join the line that is served, until its node starts
 * without that memory.
 */
function startAnew(world: World, stranded: readonly SimProcess[]): boolean {
  const empty = stranded.filter((process) => process.replica.status(process.nowMs).line === undefined);
  for (const { nodeIndex, random } of empty) {
    const { machine } = world.nodes[nodeIndex]!;
    world.trace.add(nodeIndex, () => 'OPERATOR starts the node anew, without its data');
    machine.downMs = 1;
    machine.silent = false;
    machine.crash(30 * random.next());
    world.loseData(nodeIndex);
  }
  return empty.length > 0;
}

function isOffline(process: SimProcess): boolean {
  return process.replica.status(process.nowMs).offline;
}

function force(world: World, candidates: readonly SimProcess[]): boolean {
  if (candidates.length === 0) return false;
  const best = candidates.reduce((one, other) => (isBetter(other, one) ? other : one));
  world.trace.add(best.nodeIndex, () => `OPERATOR forces ${best.label}`);
  best.handle({ type: 'force', token: () => {}, givesUp: otherLines(best, live(world)) });
  return true;
}

/** No process runs this replica, and it is not registered. */
function isGone(world: World, replicaId: string): boolean {
  return (
    world.processOf(replicaId) === undefined &&
    !world.ensemble.now.candidates.some((candidate) => candidate.replicaId === replicaId)
  );
}

/** The better choice is a complete copy, then the longer history, as the command chooses. */
function isBetter(one: SimProcess, other: SimProcess): boolean {
  const [first, second] = [one.replica.status(one.nowMs), other.replica.status(other.nowMs)];
  if (first.complete !== second.complete) return first.complete;
  if (first.lastEpoch !== second.lastEpoch) return first.lastEpoch > second.lastEpoch;
  return first.lastSeq > second.lastSeq;
}

function live(world: World): SimProcess[] {
  return world.nodes.flatMap(({ process }) => process ?? []);
}

/** A replica holds data of another history than ZooKeeper names, and keeps it (R1). */
export function isDivided(world: World): boolean {
  return world.running.some((process) => process.replica.status(process.nowMs).foundHistory !== undefined);
}

/** The operator chooses the history that is served, or that of the best copy. */
function choose(world: World, candidates: readonly SimProcess[]): boolean {
  const { state } = world.ensemble;
  const primary = candidates.find(({ replicaId, replica }) => replicaId === state?.primary && replica.isPrimary);
  const offline = candidates.filter(isOffline);
  const found = offline.flatMap((process) => process.replica.status(process.nowMs).foundHistory ?? []);
  // A primary that is cut off from ZooKeeper serves on, and does not learn that its line is given up.
  if (primary === undefined) return !isServed(world) && force(world, offline);
  world.trace.add(primary.nodeIndex, () => `OPERATOR keeps the history of ${primary.label}, not ${found.map(nameOf).join(', ')}`);
  primary.handle({ type: 'force', token: () => {}, givesUp: otherLines(primary, live(world)) });
  return true;
}

/**
 * The lines that the command gives up: for every other copy, and for the one that ZooKeeper names, its history or its
 * newest epoch.
 */
function otherLines(chosen: SimProcess, all: readonly SimProcess[]): string[] {
  const { line } = chosen.replica.status(chosen.nowMs);
  const lines = all.flatMap((process) => {
    const { line: held, foundHistory } = process.replica.status(process.nowMs);
    return [held, foundHistory].filter((one) => one !== undefined);
  });
  return lines.map((one) => (one.history === line?.history ? markIdOf(endOf(one)) : one.history));
}
