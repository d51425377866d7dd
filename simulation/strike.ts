/** What each fault does. A fault whose target does not exist, or that would break the operator's vow, does nothing. */
import type { Fault, Target } from './decision.js';
import { describeFault } from './decision.js';
import { strikeDump, strikeUnheard } from './directed.js';
import { callOperator } from './operator.js';
import type { SimNode } from './sim-node.js';
import type { SimProcess } from './sim-process.js';
import type { World } from './world.js';

/** `victim`: who walked into an ambush, in place of the fault's own target. */
export function strike(world: World, fault: Fault, victim?: SimProcess): void {
  const didStrike = perform(world, fault, victim);
  if (!didStrike) return;
  world.faults += 1;
  world.trace.add(victim?.nodeIndex, () => `FAULT ${describeFault(fault)}`);
  // A planned stop is to be served through, and what ends sooner or later all the same keeps busy when it does.
  if (fault.kind === 'stop') return;
  const lastsMs = Object.entries(fault).map(([name, value]) => (name.endsWith('Ms') ? ((value as number | undefined) ?? 0) : 0));
  world.keepBusy(lastsMs.reduce((sum, ms) => sum + ms, 0));
}

function perform(world: World, fault: Fault, victim: SimProcess | undefined): boolean {
  if (fault.kind === 'operator') return callOperator(world);
  if (fault.kind === 'place') {
    world.placement.change(fault.nodes, fault.lateMs);
    return true;
  }
  if (fault.kind === 'zookeeperAway') return sendZookeeperAway(world, fault);
  const node = victim === undefined ? resolve(world, fault.at) : world.nodes[victim.nodeIndex];
  if (node === undefined) return false;
  if ('to' in fault) return strikePath(world, fault, node);
  return strikeNode(world, fault, node) || (node.process !== undefined && strikeProcess(world, fault, node, node.process));
}

type PathFault = Extract<Fault, { readonly to: Target }>;
type NodeFault = Exclude<Fault, PathFault | { readonly kind: 'operator' | 'zookeeperAway' | 'place' }>;

function resolve(world: World, target: Target): SimNode | undefined {
  if (typeof target === 'number') return world.nodes[target % world.nodes.length];
  const state = world.ensemble.state;
  const suits = ({ process }: SimNode): boolean => {
    if (process === undefined || state === undefined) return false;
    if (target === 'primary') return state.primary === process.replicaId;
    const isMember = state.inSync.includes(process.replicaId);
    return target === 'backup' ? isMember && state.primary !== process.replicaId : !isMember;
  };
  return world.nodes.find(suits);
}

function strikePath(world: World, fault: PathFault, node: SimNode): boolean {
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
      node.process?.run(() => node.process?.links.breakTo(other.index, fault.lingerMs));
      return node.process !== undefined;
  }
}

/** Faults of the machine: they need no process. */
function strikeNode({ queue, nodes, paths }: World, fault: NodeFault, node: SimNode): boolean {
  switch (fault.kind) {
    case 'isolate':
      for (const { index } of nodes) {
        paths.cut(node.index, index, fault.breaks, fault.forMs);
        paths.cut(index, node.index, fault.breaks, fault.forMs);
      }
      return true;
    case 'drift':
      node.clock.setRate(queue.nowMs, fault.rate);
      return true;
    case 'hangDisk':
      node.diskHangsUntilMs = queue.nowMs + fault.forMs;
      return true;
    default:
      return false;
  }
}

function strikeProcess(world: World, fault: NodeFault, node: SimNode, process: SimProcess): boolean {
  const { queue } = world;
  const { session } = process;
  switch (fault.kind) {
    case 'crash':
      if (world.isStateLost) return false;
      node.downMs = fault.downMs;
      node.silent = fault.silent;
      process.kill(fault.silent ? undefined : 30 * process.random.next(), false);
      if (!fault.keepsData) world.loseData(node.index);
      return true;
    case 'crashMidTurn':
      node.downMs = fault.downMs;
      process.effectsLeft = fault.afterEffects;
      return true;
    case 'pause':
      process.pause(fault.forMs);
      return true;
    case 'stop':
      if (world.isStateLost || process.stopping) return false;
      node.downMs = fault.downMs;
      process.stopping = true;
      process.run(() => {
        session.announce();
        process.handle({ type: 'stop', deadlineMs: process.nowMs + fault.withinMs });
      });
      return true;
    case 'disconnect':
      session.disconnect(fault.forMs);
      return true;
    case 'hang':
      session.hangsUntilMs = queue.nowMs + fault.forMs;
      return true;
    case 'expire':
      session.expire(fault.noticedAfterMs);
      return true;
    case 'loseAnswer':
      session.loseNext = fault;
      return true;
    case 'lag':
      session.lagMs = fault.lagMs;
      queue.after(fault.forMs, () => {
        session.lagMs = 0;
      });
      return true;
    case 'unheard':
      return strikeUnheard(world, fault, process);
    case 'lateDump':
      return strikeDump(world, fault, node);
    case 'mute':
      session.watchesMuted = true;
      queue.after(fault.forMs, () => {
        session.watchesMuted = false;
      });
      return true;
    default:
      return false;
  }
}

/** It may come back empty only if every process alive knows that there was something: a new one would begin anew (R3). */
function sendZookeeperAway(world: World, fault: Extract<Fault, { kind: 'zookeeperAway' }>): boolean {
  const { ensemble, queue, nodes } = world;
  ensemble.awayUntilMs = Math.max(ensemble.awayUntilMs, queue.nowMs + fault.forMs);
  for (const { process } of nodes) process?.session.disconnect(fault.forMs);
  if (!fault.empty) return true;
  queue.after(fault.forMs, () => {
    const alive = nodes.flatMap(({ process }) => process ?? []);
    const allKnow = alive.every(({ replica, stopping }) => replica.epoch > 0 && !stopping);
    if (ensemble.state === undefined || alive.length === 0 || !allKnow) return;
    world.trace.add(undefined, () => 'ZooKeeper comes back empty');
    ensemble.lose();
    for (const process of alive) process.session.expire(0);
  });
  return true;
}
