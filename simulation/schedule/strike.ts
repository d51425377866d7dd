/**
 * The effect of each fault. A fault whose target does not exist, or that would break the operator's vow, does
 * nothing.
 */

import type { Machine } from '../cluster/machine.js';
import { SimProcess } from '../cluster/sim-process.js';
import type { Site } from '../cluster/site.js';
import type { World } from '../cluster/world.js';
import type { Fault, Target } from '../plan/decision.js';
import { describeFault } from '../plan/decision.js';
import { goBack } from './older-state.js';
import { callOperator } from './operator.js';
import { type NodeFault, type PathFault, strikeNode, type Victim } from './strike-node.js';

/** `victim`: in place of the fault's own target. */
export function strike(site: Site, fault: Fault, victim?: Victim): void {
  const didStrike = perform(site, fault, victim);
  if (!didStrike) return;
  site.faults += 1;
  site.trace.add(victim?.nodeIndex, () => `FAULT ${describeFault(fault)}`);
  // The cluster must serve through a planned stop, so it does not count as busy. The restart after it does.
  if (fault.kind === 'stop') return;
  const lastsMs = Object.entries(fault).map(([name, value]) => (name.endsWith('Ms') ? ((value as number | undefined) ?? 0) : 0));
  site.keepBusy(lastsMs.reduce((sum, ms) => sum + ms, 0));
}

function perform(site: Site, fault: Fault, victim: Victim | undefined): boolean {
  // A fault of a shard strikes a random one. A fault of a machine strikes all its replicas.
  const world = victim instanceof SimProcess ? site.worlds[victim.world.shard]! : anyWorld(site);
  if (fault.kind === 'operator') return site.worlds.map(callOperator).includes(true);
  if (fault.kind === 'place') {
    world.placement.change(fault.nodes, fault.lateMs);
    return true;
  }
  if (fault.kind === 'zookeeperAway') return sendZookeeperAway(site, fault);
  if (fault.kind === 'powerLoss') return losePower(site, fault);
  const machine = victim === undefined ? resolve(world, fault.at) : site.machines[victim.nodeIndex];
  if (machine === undefined) return false;
  if ('to' in fault) return strikePath(world, fault, machine);
  return strikeMachine(site, fault, machine) || (machine.isUp && strikeNode(site, world, fault, machine, victim));
}

function anyWorld({ worlds, random }: Site): World {
  return worlds.length === 1 ? worlds[0]! : random.pick(worlds);
}

function resolve(world: World, target: Target): Machine | undefined {
  const { site, ensemble, nodes } = world;
  if (typeof target === 'number') return site.machines[target % site.machines.length];
  if (target === 'controller') {
    const first = site.registry.now.candidates.find(({ stopping }) => !stopping);
    return site.machines.find(({ name }) => name === first?.replicaId);
  }
  const { state } = ensemble;
  const suits = ({ process }: (typeof nodes)[number]): boolean => {
    if (process === undefined || state === undefined) return false;
    if (target === 'primary') return state.primary === process.replicaId;
    const isMember = state.inSync.includes(process.replicaId);
    return target === 'backup' ? isMember && state.primary !== process.replicaId : !isMember;
  };
  return nodes.find(suits)?.machine;
}

function strikePath(world: World, fault: PathFault, node: Machine): boolean {
  const { paths } = world;
  const other = resolve(world, fault.to);
  if (other === undefined || other === node) return false;
  switch (fault.kind) {
    case 'cut':
      paths.cut(node.index, other.index, fault.breaks, fault.forMs);
      if (fault.bothWays) paths.cut(other.index, node.index, fault.breaks, fault.forMs);
      return true;
    case 'slow':
      paths.slow(node.index, other.index, fault.delayMs, fault.forMs);
      return true;
    case 'dropBeacons':
      paths.dropBeacons(node.index, other.index, fault.forMs);
      return true;
    case 'breakStream':
      for (const process of node.processes) process.run(() => process.links.breakTo(other.index, fault.lingerMs));
      return node.processes.length > 0;
  }
}

/** Faults that need no process on the machine. */
function strikeMachine({ queue, machines, paths }: Site, fault: NodeFault, machine: Machine): boolean {
  switch (fault.kind) {
    case 'isolate':
      for (const { index } of machines) {
        paths.cut(machine.index, index, fault.breaks, fault.forMs);
        paths.cut(index, machine.index, fault.breaks, fault.forMs);
      }
      return true;
    case 'drift':
      machine.clock.setRate(queue.nowMs, fault.rate);
      return true;
    case 'stateAway':
      machine.stateAwayUntilMs = queue.nowMs + fault.forMs;
      return true;
    case 'hangDisk':
      machine.diskHangsUntilMs = queue.nowMs + fault.forMs;
      return true;
    default:
      return false;
  }
}

function losePower(site: Site, { downMs, spreadMs }: Extract<Fault, { kind: 'powerLoss' }>): boolean {
  if (site.isStateLost) return false;
  for (const machine of site.machines) {
    machine.silent = true;
    machine.downMs = downMs + site.random.below(spreadMs + 1);
    machine.crash(undefined, true);
    for (const world of site.worlds) world.losePower(machine.index);
  }
  return true;
}

function sendZookeeperAway(site: Site, fault: Extract<Fault, { kind: 'zookeeperAway' }>): boolean {
  const { queue, machines, worlds, registry } = site;
  const servers = [registry, ...worlds.map(({ ensemble }) => ensemble)];
  for (const each of servers) each.awayUntilMs = Math.max(each.awayUntilMs, queue.nowMs + fault.forMs);
  for (const machine of machines) machine.loseConnection(fault.forMs);
  if (fault.comesBack === 'whole') return true;
  queue.after(fault.forMs, () => {
    if (fault.comesBack === 'empty') {
      if (!worlds.some(({ ensemble }) => ensemble.state !== undefined)) return;
      site.trace.add(undefined, () => 'ZooKeeper comes back empty');
      for (const each of servers) each.lose();
    } else if (!worlds.map(goBack).includes(true)) return;
    for (const { sessions } of machines) for (const session of sessions) session.expire(0);
  });
  return true;
}
