/**
 * A process that a script runs. It ticks, pauses and completes writes as the script says, and records what tests
 * need.
 */
import { Disk } from '../../../simulation/virtual/disk.js';
import type { Ensemble } from '../../../simulation/virtual/ensemble.js';
import { type Found, type ProcessSurroundings, ReplicaProcess } from '../../../simulation/virtual/process.js';
import type { VirtualSnapshotCall } from '../../../simulation/virtual/snapshot-call.js';
import { Store } from '../../../simulation/virtual/store.js';
import type { Answer, Effect, Note } from '../protocol/effect.js';
import type { Event, WriteEvent } from '../protocol/event.js';
import type { Message } from '../protocol/message.js';
import type { ReplicaOptions } from '../protocol/replica-options.js';
import type { RequestIdentity } from '../protocol/request.js';
import { keysOf, type Transaction } from '../protocol/transaction.js';
import { Replica } from '../replica.js';
import { ScriptedSession } from './scripted-session.fixture.js';
import type { ScriptedWays } from './scripted-ways.fixture.js';

/** A request of a client, and its answers. */
export interface ScriptedCall {
  readonly key: string;
  readonly value: string | undefined;
  /** Of a put of a key that expires (R17). */
  readonly ttlMs?: number | undefined;
  readonly answers: Answer[];
  readonly process: ReplicaProcess;
}

export interface Surroundings extends ProcessSurroundings {
  readonly ensemble: Ensemble;
  readonly network: ScriptedWays;
  readonly snapshots: VirtualSnapshotCall[];
  readonly waiting: Set<ScriptedCall>;
  readonly clocksAheadMs: ReadonlyMap<string, number>;
  onAnswer(call: ScriptedCall, answer: Answer): void;
}

export class VirtualNode extends ReplicaProcess<Surroundings> {
  readonly name: string;
  readonly #aheadMs: number;
  readonly session: ScriptedSession;
  readonly notes: Note[] = [];
  readonly roles: string[] = [];
  /** Of each key whose delete this primary has committed because it was due. */
  readonly lagsMs: number[] = [];
  /** How often the core has asked for a flush at once. */
  flushesAsked = 0;
  readonly #reportsFlushes: boolean;
  readonly #persistsAtOnce: boolean;
  stopped: 'no' | 'clean' | 'unclean' | 'released' = 'no';
  /** Its machine refuses connections once the process has ended. */
  readonly silent = false;
  readonly snapshotLateMs = 0;

  constructor(
    world: Surroundings,
    nodeIndex: number,
    name: string,
    replicaId: string,
    options: Omit<ReplicaOptions, 'replicaId' | 'idSeed'>,
    found: Found = { disk: new Disk(replicaId, options.reportsFlushes), store: new Store() },
  ) {
    const aheadMs = world.clocksAheadMs.get(name) ?? 0;
    const idSeed = `${replicaId}/${found.recovered === undefined ? '' : `${nodeIndex}/`}`;
    const replica = new Replica({ ...options, replicaId, idSeed }, world.queue.nowMs + aheadMs, found.recovered);
    super(world, nodeIndex, replicaId, replica, found);
    this.name = name;
    this.#reportsFlushes = options.reportsFlushes;
    this.#persistsAtOnce = options.persistsAtOnce;
    this.#aheadMs = aheadMs;
    this.session = new ScriptedSession(world.queue, world.ensemble, this);
  }

  /** The process on its machine: this one as long as it lives. */
  get process(): this | undefined {
    return this.alive ? this : undefined;
  }
  get nowMs(): number {
    return this.world.queue.nowMs + this.#aheadMs;
  }

  run(work: () => void): void {
    if (!this.alive) return;
    if (this.paused)
      this.world.queue.after(
        0,
        () => this.run(work),
        () => this.paused,
      );
    else work();
  }
  pause(): void {
    this.paused = true;
    this.session.fallSilent();
  }
  resume(): void {
    this.paused = false;
    this.session.speakAgain();
  }
  loseConnection(): void {
    this.session.loseConnection();
  }
  chunkDelayMs(): number {
    return 0;
  }

  override handle(event: Event): void {
    super.handle(event);
    if (!this.disk.hangs) this.completeWrites();
  }
  completeWrites(): void {
    while (this.disk.hasPending && this.alive) this.completeOneWrite();
  }
  completeOneWrite(): void {
    const write = this.disk.completeOne();
    if (write === undefined) return;
    super.handle({ type: 'persisted', write });
    if (this.#reportsFlushes && !this.disk.hasUnflushed) super.handle({ type: 'flushed', write });
  }

  /** Unless every write is durable at once, `handle` or the script completes it. */
  protected override diskAccepted(): void {
    if (this.#persistsAtOnce) this.disk.flush();
  }

  /** A script decides when. */
  protected override flushLog(): void {
    this.flushesAsked++;
  }

  /** What has been written is flushed: a script with `reportsFlushes` decides when. */
  flushDisk(): void {
    const write = this.disk.sync();
    if (write !== undefined) this.handle({ type: 'flushed', write });
  }

  newCall(key = '', value?: string, ttlMs?: number): ScriptedCall {
    const call: ScriptedCall = { key, value, ttlMs, answers: [], process: this };
    this.world.waiting.add(call);
    return call;
  }

  write(
    key: string,
    value: string | undefined,
    rest: Pick<WriteEvent, 'request' | 'ttlMs' | 'sync' | 'hasRoom'> & { ifVersion?: number | undefined } = {},
  ) {
    const call: ScriptedCall = this.newCall(key, value, rest.ttlMs);
    const bytes = value === undefined ? undefined : new TextEncoder().encode(value);
    const { version: storedVersion, expiresAtMs: storedExpiresAtMs } = this.store.itemOf(key);
    const event = {
      type: 'write',
      token: call,
      key,
      value: bytes,
      ifVersion: undefined,
      storedVersion,
      storedExpiresAtMs,
    } as const;
    this.handle({ ...event, ...rest });
    return call;
  }

  /** As the shell does from time to time, at a primary. */
  sweep(): ScriptedCall {
    const keys = this.store.due(this.replica.timeMs(this.nowMs));
    const call = this.newCall(keys[0]?.key);
    this.handle({ type: 'due', token: call, keys });
    return call;
  }

  transact(transaction: Transaction, request?: RequestIdentity, sync = false): ScriptedCall {
    const call = this.newCall();
    const stored = new Map(keysOf(transaction).map((key) => [key, this.store.itemOf(key)]));
    this.handle({ type: 'transact', token: call, transaction, stored, request, sync });
    return call;
  }

  /** Records an effect, before it is carried out. */
  record(effect: Effect): void {
    if (effect.type === 'note') this.notes.push(effect.note);
    if (effect.type === 'expired') this.lagsMs.push(...effect.lagsMs);
    if (effect.type === 'roleChanged') this.roles.push(`${effect.role} ${effect.epoch}`);
    if (effect.type === 'released') this.stopped = 'released';
    if (effect.type === 'stopped') this.stopped = effect.clean ? 'clean' : 'unclean';
  }

  protected override answer(token: unknown, answer: Answer): void {
    const call = token as ScriptedCall;
    call.answers.push(answer);
    this.world.onAnswer(call, answer);
  }

  protected override send(message: Message): void {
    if (!this.world.network.loses(message, this.nodeIndex, this.world.nodeIndexOf(message.to))) super.send(message);
  }

  protected override callForSnapshot(request: Extract<Effect, { type: 'requestSnapshot' }>): VirtualSnapshotCall {
    const call = super.callForSnapshot(request);
    this.world.snapshots.push(call);
    return call;
  }
}
