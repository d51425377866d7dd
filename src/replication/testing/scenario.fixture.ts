/**
 * A cluster for tests that read as scripts. It names nodes, advances time tick by tick, and delivers in between what
 * can be delivered.
 *
 * const c = new Scenario(); c.start('a', 'b', 'c'); c.stabilize(); const call = c.put('a', 'k', 'v');
 */
import type { StateZnode } from '../../../simulation/virtual/ensemble.js';
import type { Answer, Refusal } from '../protocol/effect.js';
import type { BodyOf, Message } from '../protocol/message.js';
import type { ReplicaOptions } from '../protocol/replica-options.js';
import type { RequestIdentity } from '../protocol/request.js';
import type { ShardState } from '../protocol/shard-state.js';
import type { KeyOperation, Transaction } from '../protocol/transaction.js';
import type { CoreStatus } from '../replica-status.js';
import { Cluster } from './cluster.fixture.js';
import type { ScriptedCall, VirtualNode } from './virtual-node.fixture.js';

const tickMs = 50;
const mostStepsAtOnce = 100_000;
const stableWithinMs = 30_000;

export interface ReadResult {
  readonly refusal?: Refusal;
  readonly value?: string;
  readonly version?: number;
}

interface RequestContent extends Partial<RequestIdentity> {
  readonly sync?: boolean;
  readonly key: string;
  /** Undefined: a delete. */
  readonly value: string | undefined;
  readonly ifVersion?: number;
  /** See `WriteEvent`. */
  readonly hasRoom?: boolean;
}

export class Scenario {
  readonly cluster: Cluster;

  constructor(options: Partial<ReplicaOptions> = {}) {
    this.cluster = new Cluster(options);
  }

  /** A scenario whose nodes are started in this order and are in sync. The first is the primary. */
  static of(names: string, options: Partial<ReplicaOptions> = {}): Scenario {
    const scenario = new Scenario(options);
    scenario.start(...names.split(' '));
    scenario.stabilize();
    return scenario;
  }

  /** The newest process of that name. */
  node(name: string): VirtualNode {
    const node = this.cluster.nodes.findLast((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`${name} was never started`);
    return node;
  }

  start(...names: string[]): void {
    for (const name of names) this.cluster.start(name);
  }
  /** Processes with a disk that have ended start again, with the data of these disks. */
  startAgain(...names: string[]): void {
    for (const name of names) this.cluster.startAgain(this.node(name));
  }
  /** The machines of these nodes lose power, and what was not flushed. */
  losePower(...names: string[]): void {
    for (const name of names) this.cluster.losePower(this.node(name));
  }
  kill(...names: string[]): void {
    for (const name of names) this.cluster.kill(this.node(name));
  }
  pause(name: string): void {
    this.node(name).pause();
  }
  resume(name: string): void {
    this.node(name).resume();
  }
  /** The node stops on a plan. */
  stop(name: string, withinMs = 10_000): void {
    const node = this.node(name);
    node.stopping = true;
    node.session.announce();
    node.handle({ type: 'stop', deadlineMs: node.nowMs + withinMs });
  }

  /** All nodes learn at once where the shard belongs; the first is the preferred primary. */
  place(names: string): void {
    this.cluster.place(names.split(' '));
  }

  /** One node learns where the shard belongs, before the others or after them. */
  tellPlaced(name: string, names: string): void {
    this.node(name).handle({ type: 'placed', nodes: names.split(' ') });
  }

  /** Runs every event that can happen without time passing. */
  deliverAll(): void {
    for (let step = 0; step < mostStepsAtOnce; step++) {
      if (!this.cluster.step()) return;
    }
    throw new Error('the cluster does not come to rest');
  }

  /** Runs one due event after another, without time passing, until the condition holds. */
  stepUntil(condition: () => boolean): void {
    for (let step = 0; !condition(); step++) {
      if (step > mostStepsAtOnce || !this.cluster.step()) throw new Error(`nothing more happens: ${this.describe()}`);
    }
  }

  /** Advances time tick by tick, and delivers in between what can be delivered. */
  advance(ms: number): void {
    const endMs = this.cluster.nowMs + ms;
    this.deliverAll();
    while (this.cluster.nowMs < endMs) {
      this.cluster.elapse(Math.min(tickMs, endMs - this.cluster.nowMs));
      for (const node of this.cluster.nodes) if (node.runs) this.cluster.tick(node);
      this.deliverAll();
    }
  }

  /** Advances only the clock: no node ticks, and nothing is delivered. */
  elapse(ms: number): void {
    this.cluster.elapse(ms);
  }
  /** One node ticks. */
  tick(name: string): void {
    this.cluster.tick(this.node(name));
  }
  /** Delivers this message as if it came over the network now. */
  receive(message: Message): void {
    this.cluster.byId(message.to)?.handle({ type: 'message', message });
  }

  /** Advances time until every live node is in sync and one of them serves. */
  stabilize(): void {
    this.until(() => this.isStable, 'not stable');
  }

  until(condition: () => boolean, otherwise: string, withinMs = stableWithinMs): void {
    const endMs = this.cluster.nowMs + withinMs;
    this.deliverAll();
    while (!condition()) {
      if (this.cluster.nowMs >= endMs) throw new Error(`${otherwise} within ${withinMs} ms: ${this.describe()}`);
      this.advance(tickMs);
    }
  }

  get isStable(): boolean {
    const live = this.cluster.nodes.filter((node) => node.runs).map((node) => node.replicaId);
    return this.primary !== undefined && live.sort().join() === this.state?.inSync.join();
  }

  /** The name of the node that serves reads now. */
  get primary(): string | undefined {
    const { nodes } = this.cluster;
    return nodes.find((node) => node.alive && node.replica.refusalOfRead(node.nowMs) === undefined)?.name;
  }
  get state(): ShardState | undefined {
    return this.cluster.ensemble.znode?.state;
  }
  /** Names of the members of the in-sync set, as ZooKeeper holds it. */
  get inSync(): string[] {
    return (this.state?.inSync ?? []).map((id) => id.split('~')[0]!);
  }
  status(name: string): CoreStatus {
    const node = this.node(name);
    return node.replica.status(node.nowMs);
  }
  role(name: string): string {
    return this.status(name).role;
  }

  /** Requests a write and ends the turn. Nothing is delivered. */
  put(name: string, key: string, value: string, ifVersion?: number): ScriptedCall {
    return this.#write(name, key, value, ifVersion);
  }
  delete(name: string, key: string, ifVersion?: number): ScriptedCall {
    return this.#write(name, key, undefined, ifVersion);
  }
  /** Requests a transaction and ends the turn. Nothing is delivered. */
  transact(name: string, ...operations: readonly KeyOperation[]): ScriptedCall {
    const node = this.node(name);
    const call = node.transact({ compares: [], operations, otherwise: [] });
    node.handle({ type: 'flush' });
    return call;
  }
  #write(name: string, key: string, value: string | undefined, ifVersion?: number): ScriptedCall {
    return this.#flushed(name, (node) => node.write(key, value, { ifVersion }));
  }

  /** As `put`, of a key that expires (R17). */
  putExpiring(name: string, key: string, value: string, ttlMs: number): ScriptedCall {
    return this.#flushed(name, (node) => node.write(key, value, { ttlMs }));
  }
  /** As `put`, of a write that is answered once it is flushed. */
  putSynced(name: string, key: string, value: string, ifVersion?: number): ScriptedCall {
    return this.#flushed(name, (node) => node.write(key, value, { sync: true, ifVersion }));
  }
  deleteSynced(name: string, key: string): ScriptedCall {
    return this.#flushed(name, (node) => node.write(key, undefined, { sync: true }));
  }
  transactSynced(name: string, content: Partial<Transaction>): ScriptedCall {
    const transaction = { compares: [], operations: [], otherwise: [], ...content };
    return this.#flushed(name, (node) => node.transact(transaction, undefined, true));
  }
  /** What the disks of these nodes have written is flushed. */
  flushDisks(...names: string[]): void {
    for (const name of names) this.node(name).flushDisk();
  }
  /** The shell of a primary reports the keys that are due, and the turn ends. */
  sweep(name: string): ScriptedCall {
    return this.#flushed(name, (node) => node.sweep());
  }
  /** The shard's time, as this node knows it. */
  timeMs(name: string): number {
    const node = this.node(name);
    return node.replica.timeMs(node.nowMs);
  }
  /** From its next start on, the clock of this node is that far ahead of the script's. */
  setClock(name: string, aheadMs: number): void {
    this.cluster.clocksAheadMs.set(name, aheadMs);
  }

  #flushed(name: string, request: (node: VirtualNode) => ScriptedCall): ScriptedCall {
    const node = this.node(name);
    const call = request(node);
    node.handle({ type: 'flush' });
    return call;
  }

  /**
   * Requests a write that is recognised when it is sent again (R16). Unless the script names others, it is the first attempt of
   * client `x`, which knows the beginning of the shard and may send every number again.
   */
  request(name: string, number: number, content: RequestContent): ScriptedCall {
    const { key, value, ifVersion, sync, hasRoom, ...named } = content;
    const known = { client: 'x', lowest: 1, history: this.state?.history ?? '', seq: 0, isFirstAttempt: true };
    const node = this.node(name);
    const call = node.write(key, value, { ifVersion, sync, hasRoom, request: { ...known, ...named, number } });
    node.handle({ type: 'flush' });
    return call;
  }

  /** As `request`, of a transaction. */
  requestTransaction(name: string, number: number, content: Partial<Transaction & RequestIdentity>): ScriptedCall {
    const { compares = [], operations = [], otherwise = [], ...named } = content;
    const known = { client: 'x', lowest: 1, history: this.state?.history ?? '', seq: 0, isFirstAttempt: true };
    const node = this.node(name);
    const call = node.transact({ compares, operations, otherwise }, { ...known, ...named, number });
    node.handle({ type: 'flush' });
    return call;
  }

  /** Requests a read that is answered behind the writes of its key. */
  getInOrder(name: string, key: string): ScriptedCall {
    return this.#flushed(name, (node) => {
      const call = node.newCall(key);
      node.handle({ type: 'orderedRead', token: call, key, storedExpiresAtMs: node.store.itemOf(key).expiresAtMs });
      return call;
    });
  }

  get(name: string, key: string): ReadResult {
    const node = this.node(name);
    const refusal = node.replica.refusalOfRead(node.nowMs);
    if (refusal !== undefined) return { refusal };
    this.cluster.safety.checkReads();
    const item = node.store.items.get(key);
    return item === undefined ? { version: 0 } : { value: new TextDecoder().decode(item.value), version: item.version };
  }

  /** The operator accepts the loss of what this node does not hold. */
  force(name: string, givesUp: readonly string[] = []): ScriptedCall {
    const node = this.node(name);
    const call = node.newCall();
    node.handle({ type: 'force', token: call, givesUp });
    return call;
  }

  /**
   * ZooKeeper comes back without data, or with an older `state`. Every process that is not paused opens a new
   * session.
   */
  zookeeperLoses(to?: StateZnode): void {
    const { ensemble, nodes } = this.cluster;
    if (to === undefined) ensemble.lose();
    else ensemble.goBackTo(to);
    const live = nodes.filter(({ alive }) => alive);
    for (const { session } of live) session.end();
    for (const { session, paused } of live) if (!paused) session.reconnect();
  }
  /** `state` as it was this number of changes ago. */
  stateBefore(changes: number): StateZnode {
    const znode = this.cluster.ensemble.znodes.at(-1 - changes);
    if (znode === undefined) throw new Error(`there was no state ${changes} changes ago`);
    return znode;
  }

  /** Messages between the two vanish, both ways. */
  partition(one: string, other: string): void {
    this.cut(one, other);
    this.cut(other, one);
  }
  cut(from: string, to: string): void {
    this.cluster.network.cut(this.node(from).nodeIndex, this.node(to).nodeIndex);
  }
  /** Messages wait until `heal`. */
  hold(from: string, to: string): void {
    this.cluster.network.hold(this.node(from).nodeIndex, this.node(to).nodeIndex);
  }
  heal(): void {
    this.cluster.network.heal();
  }
  drop(type: Message['body']['type'], filter: (message: Message) => boolean = () => true): void {
    this.cluster.network.drop((message) => message.body.type === type && filter(message));
  }
  /** The stream that `from` holds to `to` breaks, and may be opened again at once. */
  breakLink(from: string, to: string): void {
    this.node(from).links.breakTo(this.node(to).nodeIndex, undefined);
  }

  /** The connection is lost, and the session goes on. */
  disconnect(name: string): void {
    this.node(name).session.loseConnection();
  }
  reconnect(name: string): void {
    this.node(name).session.reconnect();
  }
  expire(name: string): void {
    this.node(name).session.end();
  }

  /** The messages of one kind that were sent since `forgetSent`. */
  sent<Type extends Message['body']['type']>(type: Type, from?: string): (Message & { readonly body: BodyOf<Type> })[] {
    const id = from === undefined ? undefined : this.node(from).replicaId;
    return this.cluster.network.sent.filter((message): message is Message & { readonly body: BodyOf<Type> } => {
      return message.body.type === type && (id === undefined || message.from === id);
    });
  }
  forgetSent(): void {
    this.cluster.network.sent.length = 0;
  }
  notes(name: string): string[] {
    return this.node(name).notes.map((note) => note.kind);
  }

  describe(): string {
    const { nodes } = this.cluster;
    const replicas = nodes.filter((node) => node.alive).map((node) => JSON.stringify(node.replica.status(node.nowMs)));
    return [`state ${JSON.stringify(this.cluster.ensemble.znode)}`, ...replicas].join('\n');
  }
}

/** The one answer of a call: `written 3`, `transacted 3: v 3, 0`, `readable v1 3`, `readable nothing`, `TOO_FEW_IN_SYNC`, or `none yet`. */
export function outcome(call: ScriptedCall): string {
  if (call.answers.length > 1) throw new Error(`${call.answers.length} answers to one call`);
  const answer: Answer | undefined = call.answers[0];
  if (answer === undefined) return 'none yet';
  if (answer.kind === 'written') return `written ${answer.version}`;
  if (answer.kind === 'refused')
    return answer.currentVersion === undefined ? answer.refusal : `${answer.refusal} ${answer.currentVersion}`;
  if (answer.kind === 'transacted') {
    const results = answer.results.map(({ version, value }) =>
      value === undefined ? version : `${new TextDecoder().decode(value)} ${version}`,
    );
    return `transacted ${answer.version}: ${results.join(', ')}`;
  }
  if (answer.kind === 'readable' && answer.newest !== undefined) {
    const { value, seq } = answer.newest;
    return value === undefined ? 'readable nothing' : `readable ${new TextDecoder().decode(value)} ${seq}`;
  }
  return answer.kind;
}
