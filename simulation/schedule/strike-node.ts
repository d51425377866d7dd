/** The effect of each fault on the node of a machine, with all its replicas. */
import type { Agent } from '../cluster/agent.js';
import type { Machine } from '../cluster/machine.js';
import type { SimProcess } from '../cluster/sim-process.js';
import type { Site } from '../cluster/site.js';
import type { World } from '../cluster/world.js';
import type { Fault, Target } from '../plan/decision.js';
import { delaySnapshot, loseAnswerOfSuccessor } from './strike-combined.js';

/** The victim of an ambush: a replica, or the agent of a node. */
export type Victim = SimProcess | Agent;

export type PathFault = Extract<Fault, { readonly to: Target }>;
export type NodeFault = Exclude<Fault, PathFault | { readonly kind: 'operator' | 'zookeeperAway' | 'place' | 'powerLoss' }>;

export function strikeNode(site: Site, world: World, fault: NodeFault, machine: Machine, victim: Victim | undefined): boolean {
  switch (fault.kind) {
    case 'crash':
      return crash(site, world, fault, machine);
    case 'damage':
    case 'restoreState':
      return harm(site, fault, machine);
    case 'pause':
      if (machine.isPaused) return false;
      machine.pause(fault.forMs);
      return true;
    case 'stop':
      if (site.isStateLost || machine.isLeaving || machine.isStopping) return false;
      machine.downMs = fault.downMs;
      machine.stop(fault.withinMs);
      return true;
    default:
      return strikeReplica(world, fault, machine, victim) || strikeSessions(site, fault, machine);
  }
}

function crash(site: Site, { nodes }: World, fault: Extract<Fault, { kind: 'crash' }>, machine: Machine): boolean {
  if (site.isStateLost) return false;
  const { random } = nodes[machine.index]!.process ?? site;
  machine.downMs = fault.downMs;
  machine.silent = fault.silent;
  machine.crash(fault.silent ? undefined : 30 * random.next(), fault.silent);
  if (!fault.keepsData) for (const world of site.worlds) world.loseData(machine.index);
  return true;
}

function harm(site: Site, fault: Extract<Fault, { kind: 'damage' | 'restoreState' }>, machine: Machine): boolean {
  if (site.isStateLost) return false;
  machine.downMs = fault.downMs;
  machine.crash(undefined, fault.kind === 'damage');
  for (const world of site.worlds) {
    if (fault.kind === 'damage') world.damage(machine.index);
    else world.restoreState(machine.index);
  }
  return true;
}

/** A fault of a single replica strikes the victim of the ambush, or else the replica of the shard. */
function strikeReplica(world: World, fault: NodeFault, machine: Machine, victim: Victim | undefined): boolean {
  const node = world.nodes[machine.index]!;
  const { process } = node;
  const struck = victim ?? process;
  if (fault.kind === 'loseAnswer' && struck !== undefined) {
    struck.session.loseNext = fault;
    return true;
  }
  if (process === undefined) return false;
  if (fault.kind === 'unheard') return loseAnswerOfSuccessor(world, fault, process);
  if (fault.kind === 'lateSnapshot') return delaySnapshot(world, fault, node);
  if (fault.kind !== 'crashMidTurn') return false;
  machine.downMs = fault.downMs;
  process.effectsLeft = fault.afterEffects;
  return true;
}

function strikeSessions({ queue }: Site, fault: NodeFault, { sessions }: Machine): boolean {
  switch (fault.kind) {
    case 'disconnect':
      for (const session of sessions) session.disconnect(fault.forMs);
      return true;
    case 'hang':
      for (const session of sessions) session.hangsUntilMs = queue.nowMs + fault.forMs;
      return true;
    case 'expire':
      for (const session of sessions) session.expire(fault.noticedAfterMs);
      return true;
    case 'lag':
      for (const session of sessions) session.shown.lagMs = fault.lagMs;
      queue.after(fault.forMs, () => {
        for (const session of sessions) session.shown.lagMs = 0;
      });
      return true;
    case 'mute':
      for (const session of sessions) session.watchesMuted = true;
      queue.after(fault.forMs, () => {
        for (const session of sessions) session.watchesMuted = false;
      });
      return true;
    default:
      return false;
  }
}
