/**
 * Hosts one replica: feeds events to the pure core and carries out its effects in order. The host gives the core its time and
 * owns the storage. It reaches everything else through `ShardPorts`.
 */
import type {
  Answer,
  CoreStatus,
  DueEvent,
  Effect,
  Event,
  FoundItem,
  LogEntry,
  OrderedReadEvent,
  RecoveredReplica,
  ReplicaId,
  ReplicaOptions,
  RequestIdentity,
  ShardState,
  TransactEvent,
  WriteEvent,
} from '../../replication/index.js';
import { Replica } from '../../replication/index.js';
import type { Storage } from '../../storage/index.js';
import { AwaitedWrites } from './awaited-writes.js';
import type { ShardLog } from './shard-log.js';
import type { ShardPorts } from './shard-ports.js';
import type { Ticker, Ticking, Writing } from './ticker.js';

/** A replica, new or of an earlier process, and where it keeps its data. */
interface HostedReplica {
  readonly options: ReplicaOptions;
  readonly storage: Storage;
  /** Undefined: the replica is new. */
  readonly recovered: RecoveredReplica | undefined;
  /** The earlier process of a recovered replica had ended by then. */
  readonly endedMs: number | undefined;
}

/** Receives the answer to the event that carried it as token, once. */
export interface AnswerSink {
  answer(answer: Answer): void;
}

/** Gets the entries that the replica applies, in order. */
export type AppliedListener = (entries: readonly LogEntry[]) => void;

const tick: Event = { type: 'tick', hasDeadlines: false };
const tickWithDeadlines: Event = { type: 'tick', hasDeadlines: true };
const flush: Event = { type: 'flush' };
const applyRest: Event = { type: 'applyRest' };

export class ShardHost implements Ticking, Writing {
  readonly storage: Storage;
  readonly #replica: Replica;
  readonly #ports: ShardPorts;
  readonly #ticker: Ticker;
  readonly #log: ShardLog;
  #handling = false;
  #flushScheduled = false;
  #closed = false;
  readonly #onApplied = new Set<AppliedListener>();
  #resets = 0;
  #lostState: ShardState | undefined;
  readonly #awaited = new AwaitedWrites({
    durable: (write) => this.handle({ type: 'persisted', write }),
    failed: (error) => {
      this.close();
      this.#ports.failed(error);
    },
  });

  constructor({ options, storage, recovered, endedMs }: HostedReplica, ports: ShardPorts, ticker: Ticker, log: ShardLog) {
    this.storage = storage;
    this.#ports = ports;
    this.#ticker = ticker;
    this.#log = log;
    this.#replica = new Replica(options, performance.now(), recovered, endedMs);
    // The core counts its writes as the storage counts the calls.
    storage.watchFlushes?.((write) => this.handle({ type: 'flushed', write }));
    storage.watchLogStart?.((seq) => this.handle({ type: 'logTrimmed', seq }));
    storage.attach?.(this.#replica);
    ticker.add(this);
  }

  get replicaId(): ReplicaId {
    return this.#replica.id;
  }
  get epoch(): number {
    return this.#replica.epoch;
  }
  get commitIndex(): number {
    return this.#replica.commitIndex;
  }
  /** See `Replica.position`. */
  get position(): Replica['position'] {
    return this.#replica.position;
  }
  /** See `Replica.applied`. `resets`: how often the replica has discarded its data: another number is another copy. */
  get copy(): (NonNullable<Replica['applied']> & { readonly resets: number }) | undefined {
    const { applied } = this.#replica;
    return this.#closed || applied === undefined ? undefined : { ...applied, resets: this.#resets };
  }
  /** See `Replica.retainedEntries`. */
  retainedEntries(throughSeq: number, most: number): readonly LogEntry[] {
    return this.#replica.retainedEntries(throughSeq, most);
  }
  /** See `Replica.recognises`. */
  recognises(request: RequestIdentity): boolean {
    return this.#replica.recognises(request);
  }
  /** See `Replica.timeMs`. */
  timeMs(nowMs: number): number {
    return this.#replica.timeMs(nowMs);
  }
  /** See `Replica.standing`. */
  get standing(): Replica['standing'] {
    return this.#replica.standing;
  }
  get status(): CoreStatus {
    return this.#replica.status(performance.now());
  }
  /** The newest `state` that ZooKeeper has held and lost since this process started; undefined: it has lost none. */
  get lostState(): ShardState | undefined {
    return this.#lostState;
  }
  get isPrimary(): boolean {
    return !this.#closed && this.#replica.isPrimary;
  }
  isPrimaryIn(epoch: number): boolean {
    return !this.#closed && this.#replica.isPrimaryIn(epoch);
  }

  /** Why a read must not be served now. `nowMs` was sampled in this turn, after the request came in (R9). */
  refusalOfRead(nowMs: number): ReturnType<Replica['refusalOfRead']> {
    return this.#closed ? 'NOT_PRIMARY' : this.#replica.refusalOfRead(nowMs);
  }

  /** See `Replica.uncommittedItem`. */
  uncommittedItem(key: string): FoundItem | undefined {
    return this.#replica.uncommittedItem(key);
  }
  /** See `Replica.uncommittedVersion`. */
  uncommittedVersion(key: string): number | undefined {
    return this.#replica.uncommittedVersion(key);
  }

  get uncommittedBytes(): number {
    return this.#replica.uncommittedBytes;
  }
  /** Estimated memory of the requests that are recognised (R16). */
  get requestBytes(): number {
    return this.#replica.requestBytes;
  }
  /** See `Replica.uncommittedValueBytes`. */
  uncommittedValueBytes(key: string): number | undefined {
    return this.#replica.uncommittedValueBytes(key);
  }
  /** See `Replica.holders`. */
  get holders(): readonly ReplicaId[] {
    return this.#closed ? [] : this.#replica.holders;
  }

  /** @param listener gets all entries that are applied from now on. @returns a function that removes it. */
  onApplied(listener: AppliedListener): () => void {
    this.#onApplied.add(listener);
    return () => this.#onApplied.delete(listener);
  }

  /**
   * Must be called under the stripe locks of its keys. A read may delete keys that are due (R17). All writes of one turn
   * of the event loop are sent to the backups together.
   */
  write(write: WriteEvent | TransactEvent | OrderedReadEvent | DueEvent, nowMs?: number): void {
    this.handle(write, nowMs);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#ticker.atTurnEnd(this);
  }

  turnEnded(nowMs: number): void {
    this.#flushScheduled = false;
    this.handle(flush, nowMs);
  }

  tick(nowMs: number): void {
    this.handle(this.storage.expiringCount > 0 ? tickWithDeadlines : tick, nowMs);
  }

  /** `nowMs`: monotonic, sampled after the event happened. */
  handle(event: Event, nowMs = performance.now()): void {
    if (this.#closed) {
      if (event.type === 'write' || event.type === 'transact' || event.type === 'orderedRead' || event.type === 'due')
        (event.token as AnswerSink).answer({ kind: 'refused', refusal: 'NOT_PRIMARY' });
      return;
    }
    try {
      this.#replica.handle(event, nowMs);
      // Carrying out an effect may cause an event at once; the effects of that event come after those under way.
      if (!this.#handling) this.#carryOutAll();
    } catch (error) {
      this.close();
      this.#ports.failed(error as Error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#ticker.remove(this);
  }

  #carryOutAll(): void {
    this.#handling = true;
    try {
      for (let effects = this.#replica.takeEffects(); effects.length > 0; effects = this.#replica.takeEffects())
        for (const effect of effects) this.#carryOut(effect);
    } finally {
      this.#handling = false;
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.#ports.dataChanged();
        return this.#persist(effect);
      case 'flushLog':
        return this.storage.flushSoon?.();
      case 'apply':
        this.#ports.dataChanged();
        for (const listener of this.#onApplied) listener(effect.entries);
        return this.storage.apply(effect.entries);
      case 'applyLater':
        setImmediate(() => this.handle(applyRest));
        return;
      case 'answer':
        return (effect.token as AnswerSink).answer(effect.answer);
      case 'expired':
        return this.#ports.expired(effect.lagsMs);
      case 'send':
        return this.#ports.send(effect.message);
      case 'links':
        return this.#ports.setLinks(effect.to);
      case 'writeState':
        return this.#ports.writeState(effect.proposal, effect.expectedVersion, effect.next);
      case 'refreshState':
        return this.#ports.refreshState(effect.afterWrite);
      case 'holds':
        return this.#ports.nameHistory(effect.history);
      case 'requestSnapshot':
        return this.#ports.requestSnapshot(effect);
      case 'serveSnapshot':
        return this.#ports.serveSnapshot(effect);
      case 'refuseSnapshot':
        return this.#ports.refuseSnapshot(effect);
      case 'roleChanged':
        this.#log.role(effect);
        this.#ports.dataChanged();
        return this.#ports.changed();
      case 'note':
        if (effect.note.kind === 'stateWentBack') this.#rememberLost(effect.note.from);
        this.#log.note(effect.note, this.status);
        return this.#ports.changed();
      case 'readLog':
        return this.#readLog(effect);
      case 'released':
        return this.#ports.released();
      case 'stopped':
        return this.#ports.stopped(effect.clean);
    }
  }

  #readLog({ to, epochId, number, firstSeq, throughSeq, maxEntries, maxBytes }: Extract<Effect, { type: 'readLog' }>): void {
    const id = { to, epochId, number, firstSeq };
    const read = this.storage.readLog?.({ firstSeq, throughSeq, maxEntries, maxBytes }) ?? Promise.resolve(undefined);
    void read.then((entries) =>
      this.handle(entries === undefined ? { type: 'logUnavailable', ...id } : { type: 'logRead', ...id, entries }),
    );
  }

  /** After two losses in a row the state of the higher epoch is the one that knows more. */
  #rememberLost(state: ShardState): void {
    const known = this.#lostState;
    if (known === undefined || known.history !== state.history || known.epoch <= state.epoch) this.#lostState = state;
  }

  #persist({ write, change }: Extract<Effect, { type: 'persist' }>): void {
    if (change.type === 'reset') this.#resets += 1;
    const durable = this.storage.persist(change);
    if (durable !== undefined) this.#awaited.add(write, durable);
  }
}
