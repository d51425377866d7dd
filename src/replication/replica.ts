/**
 * One replica of one shard: the protocol as a machine. It takes one event and returns new state and ordered effects, without
 * I/O, clock or randomness. docs/protocol.md lists the rules R1 to R17 and the files that implement each.
 */
import { advance } from './advance.js';
import { onForce } from './follower/claim.js';
import { maybeAcknowledge, onApplyRest } from './follower/follower.js';
import { onSnapshotBegun, onSnapshotChunk, onSnapshotEnded, onSnapshotFailed, onSnapshotRequests } from './follower/joiner.js';
import { maybeLeave, onStop } from './leaving.js';
import { batchFrom } from './primary/append-batch.js';
import { maybeCommit, maybeServe } from './primary/commit.js';
import { onDue } from './primary/expiry.js';
import { askForFlushes } from './primary/flush-request.js';
import { maybeGiveUp } from './primary/membership.js';
import { refusalOfRead } from './primary/refusals.js';
import { onSnapshotRequested, sendAppends, sendBeacon, syncPeers } from './primary/replicate.js';
import { onLogRead, onLogTrimmed, onLogUnavailable } from './primary/stored-entries.js';
import { onOrderedRead, onTransact, onWrite } from './primary/write.js';
import type { Effect, Refusal, RoleName } from './protocol/effect.js';
import type { Event } from './protocol/event.js';
import type { Epoch, EpochId, HistoryId, ReplicaId, Seq } from './protocol/ids.js';
import { itemOf, type LogEntry, versionOf, writeOf } from './protocol/log-entry.js';
import type { AppliedPosition, AppliedState, RecoveredReplica } from './protocol/recovered.js';
import type { ReplicaOptions } from './protocol/replica-options.js';
import type { RequestIdentity } from './protocol/request.js';
import type { ShardState } from './protocol/shard-state.js';
import type { FoundItem } from './protocol/transaction.js';
import { handleQuiescent } from './quiescence.js';
import { onMessage, receiveDeferred } from './receive.js';
import { type CoreStatus, statusOf } from './replica-status.js';
import { appliedPositionOf, appliedStateOf } from './state/applied-state.js';
import { Core } from './state/core.js';
import { enterPhase, type PeerPhase } from './state/peer.js';
import { onPlaced } from './state/placed.js';
import { takeRecovered } from './state/recovery.js';
import type { Primary, Role } from './state/role.js';
import { onProposalResult, onReading } from './state-changes.js';
import { onTick } from './tick.js';

/** The phases of peers that hold a copy of the data, or are taking one. */
const givenPhases: ReadonlySet<PeerPhase> = new Set(['replicating', 'invited', 'dumping']);

/** Shared empty list: most writes have no effect before the end of their turn. */
const nothing: readonly Effect[] = [];

export class Replica {
  readonly #core: Core;
  /** From which the announced role follows. Most events leave both as they are. */
  #announcedFrom: { readonly role: Role; readonly state: ShardState | undefined } | undefined;
  #announcedRole: RoleName | undefined;
  #announcedEpoch: Epoch = 0;

  /**
   * `nowMs`: monotonic; the start counts as a beacon (R4). `recovered`: data of an earlier process under the same id (R1). `endedMs`: that
   * process had ended by then, on the same clock. So the grace has begun before the start. Default: nothing is known of its end.
   */
  constructor(options: ReplicaOptions, nowMs: number, recovered?: RecoveredReplica, endedMs?: number) {
    this.#core = new Core(options, nowMs, recovered !== undefined, endedMs);
    if (recovered !== undefined) takeRecovered(this.#core, recovered, endedMs);
  }

  get id(): ReplicaId {
    return this.#core.self;
  }
  get epoch(): Epoch {
    return this.#core.epoch;
  }
  /** The random id of that epoch. */
  get epochId(): EpochId {
    return this.#core.epochId;
  }
  get commitIndex(): Seq {
    return this.#core.commitIndex;
  }

  /** The commit index, in the history of the data; undefined: there is no complete copy. Any request may name it (R16). */
  get position(): { readonly history: HistoryId; readonly seq: Seq } | undefined {
    const { history, complete, commitIndex } = this.#core;
    return history === undefined || !complete ? undefined : { history, seq: commitIndex };
  }

  /** Whether the request is executed already, here or before (R16). */
  recognises({ client, number }: RequestIdentity): boolean {
    return this.#core.requests.find(client, number) !== undefined;
  }

  get isPrimary(): boolean {
    return this.#core.role.kind === 'primary';
  }
  /** True while this replica is primary in `epoch`. The shell checks this again after every await. */
  isPrimaryIn(epoch: Epoch): boolean {
    return this.#core.role.kind === 'primary' && this.#core.role.epoch === epoch && !this.#core.stopped;
  }

  /** Why a read must be refused now, or undefined. `nowMs` must be sampled after the request was received (R9). */
  refusalOfRead(nowMs: number): Refusal | undefined {
    return refusalOfRead(this.#core, nowMs);
  }

  /**
   * The shard's time at `nowMs` (R17). At a primary a key is due once this is its `expiresAtMs`; elsewhere it is a time that has
   * certainly passed.
   */
  timeMs(nowMs: number): number {
    return this.#core.clock.at(nowMs);
  }

  /** What the newest uncommitted entry leaves under the key; undefined if there is none. */
  uncommittedItem(key: string): FoundItem | undefined {
    const { role } = this.#core;
    const newest = role.kind === 'primary' ? role.uncommitted.get(key) : undefined;
    return newest && itemOf(newest, key);
  }

  /** The version that the newest uncommitted entry gives the key (0: deleted); undefined if there is none. */
  uncommittedVersion(key: string): Seq | undefined {
    const { role } = this.#core;
    const newest = role.kind === 'primary' ? role.uncommitted.get(key) : undefined;
    return newest === undefined ? undefined : versionOf(newest, key);
  }

  /** Size of the value that the newest uncommitted entry gives the key (0: deleted); undefined if there is none. */
  uncommittedValueBytes(key: string): number | undefined {
    const { role } = this.#core;
    const newest = role.kind === 'primary' ? role.uncommitted.get(key) : undefined;
    return newest === undefined ? undefined : (writeOf(newest, key).value?.length ?? 0);
  }

  /** Memory of the entries that a primary has accepted and not committed, estimated. */
  get uncommittedBytes(): number {
    const { role } = this.#core;
    return role.kind === 'primary' ? role.uncommittedBytes : 0;
  }

  /** Estimated memory of the requests that are recognised (R16). */
  get requestBytes(): number {
    return this.#core.requests.bytes;
  }

  /** The replicas that hold the entries of this primary, or will soon; empty if it is not primary. */
  get holders(): readonly ReplicaId[] {
    const { role, register } = this.#core;
    if (role.kind !== 'primary') return [];
    const given = [...role.peers.values()].filter(({ phase }) => givenPhases.has(phase)).map(({ id }) => id);
    return [...new Set([...register.required, ...given])];
  }

  /** What belongs to a snapshot of the store as it is between two events; undefined: there is no complete copy. */
  get appliedState(): AppliedState | undefined {
    return this.#core.complete ? appliedStateOf(this.#core) : undefined;
  }

  /** The position of `appliedState`. Cheap: it is read after each turn. */
  get appliedPosition(): AppliedPosition | undefined {
    return this.#core.complete ? appliedPositionOf(this.#core) : undefined;
  }

  /** Up to which entry the store is, and its history; undefined: there is no complete copy. */
  get applied(): { readonly history: HistoryId; readonly seq: Seq } | undefined {
    const { history, complete, appliedSeq } = this.#core;
    return history === undefined || !complete ? undefined : { history, seq: appliedSeq };
  }

  /** Applied entries that the log retains: up to `throughSeq`, at most `most`, and none that was dropped from memory. */
  retainedEntries(throughSeq: Seq, most: number): readonly LogEntry[] {
    const { log, appliedSeq } = this.#core;
    const lastSeq = Math.min(throughSeq, appliedSeq, log.lastSeq);
    const firstSeq = Math.max(log.baseSeq + 1, lastSeq - most + 1);
    return firstSeq > lastSeq ? [] : log.slice(firstSeq, lastSeq - firstSeq + 1);
  }

  /** The part of the status that says whether this replica is in sync. Cheap: it is read for many shards again and again. */
  get standing(): Pick<CoreStatus, 'replicaId' | 'complete' | 'state'> {
    const { self, complete, register } = this.#core;
    return { replicaId: self, complete, state: register.state };
  }

  status(nowMs: number): CoreStatus {
    return statusOf(this.#core, nowMs);
  }

  /** Returns the effects since the last call, in order. */
  takeEffects(): readonly Effect[] {
    const { effects } = this.#core;
    if (effects.length === 0) return nothing;
    this.#core.effects = [];
    return effects;
  }

  /** @throws InvariantError if the state contradicts the protocol; the replica must not be used any more. */
  handle(event: Event, nowMs: number): void {
    const core = this.#core;
    core.nowMs = Math.max(core.nowMs, nowMs);
    if (core.isQuiescent && handleQuiescent(core, event)) return;
    core.isQuiescent = false;
    if (event.type === 'write') return onWrite(core, event);
    if (event.type === 'transact') return onTransact(core, event);
    if (event.type === 'orderedRead') return onOrderedRead(core, event);
    if (event.type === 'due') return onDue(core, event);
    if (core.stopped) return;
    dispatch(core, event);
    this.#announceRole();
    if (core.options.persistsAtOnce) this.#goOn();
  }

  /** What was persisted is durable already. That may make the replica persist more. */
  #goOn(): void {
    const core = this.#core;
    while (core.durability.hasPending && !core.stopped) {
      onPersisted(core, core.durability.lastNumber);
      this.#announceRole();
    }
  }

  #announceRole(): void {
    const { role, register, epoch } = this.#core;
    const { state } = register;
    const from = this.#announcedFrom;
    if (from?.role === role && from.state === state && this.#announcedEpoch === epoch) return;
    this.#announcedFrom = { role, state };
    const { roleName } = this.#core;
    if (this.#announcedRole === roleName && this.#announcedEpoch === epoch) return;
    this.#announcedRole = roleName;
    this.#announcedEpoch = epoch;
    this.#core.emit({ type: 'roleChanged', role: roleName, epoch });
  }
}

function dispatch(core: Core, event: Exclude<Event, { type: 'write' | 'transact' | 'orderedRead' | 'due' }>): void {
  switch (event.type) {
    case 'flush':
      return onFlush(core);
    case 'message':
      onMessage(core, event.message);
      return maybeLeave(core);
    case 'persisted':
      return onPersisted(core, event.write);
    case 'flushed':
      core.durability.flush(event.write);
      return reportProgress(core);
    case 'tick':
      return onTick(core, event.hasDeadlines === true);
    case 'linkUp':
    case 'linkDown':
      return onLink(core, event);
    case 'session':
      core.sessionConnected = event.connected;
      core.register.connectionLost();
      break;
    case 'candidates':
      core.takeCandidates(event.candidates);
      break;
    case 'placed':
      onPlaced(core, event.nodes);
      break;
    case 'stateRead':
      onReading(core, event);
      break;
    case 'stateMissing':
      if (event.isRestored) core.register.noteRestored();
      onReading(core, { version: 0, state: undefined, asOfMs: event.asOfMs });
      break;
    case 'proposalResult':
      onProposalResult(core, event.proposal, event.outcome);
      // The proposal never left this process, so nothing has changed. The next tick tries again, not this turn.
      if (event.outcome.kind === 'notSent') return;
      break;
    case 'snapshotRequested':
      return onSnapshotRequested(core, event);
    case 'logRead':
      return onLogRead(core, event);
    case 'logUnavailable':
      onLogUnavailable(core, event);
      break;
    case 'logTrimmed':
      return onLogTrimmed(core, event);
    case 'snapshotBegun':
      return onSnapshotBegun(core, event);
    case 'snapshotChunk':
      return onSnapshotChunk(core, event);
    case 'snapshotRequests':
      return onSnapshotRequests(core, event);
    case 'snapshotEnded':
      return onSnapshotEnded(core, event);
    case 'snapshotFailed':
      return onSnapshotFailed(core, event);
    case 'applyRest':
      return onApplyRest(core);
    case 'stop':
      return onStop(core, event.deadlineMs);
    case 'force':
      if (core.role.kind === 'primary' && maybeGiveUp(core, core.role, event.token, event.givesUp)) return;
      return onForce(core, event.token, event.givesUp);
  }
  advance(core);
}

/** Passes the entries appended in this turn to storage, and sends them to every peer that can take them. */
function onFlush(core: Core): void {
  const { role, log } = core;
  if (role.kind !== 'primary') return;
  if (log.lastSeq !== role.persistedSeq) {
    persistTurn(core, role);
    for (const peer of role.peers.values()) sendAppends(core, peer);
  }
  askForFlushes(core, role);
}

/** The entries of the turn are nearly always the next batch for every peer. */
function persistTurn(core: Core, role: Primary): void {
  const { log } = core;
  const firstSeq = role.persistedSeq + 1;
  const batch = batchFrom(core, role, firstSeq);
  if (batch?.end === log.lastSeq) core.persistAppended(batch.append.entries, batch.append.runs);
  else core.persistAppended(log.slice(firstSeq, log.lastSeq - role.persistedSeq));
  role.persistedSeq = log.lastSeq;
}

function onPersisted(core: Core, write: number): void {
  core.durability.complete(write);
  receiveDeferred(core);
  reportProgress(core);
}

/** More of this replica's log is durable, or flushed. */
function reportProgress(core: Core): void {
  const { role } = core;
  if (role.kind === 'follower') maybeAcknowledge(core, role);
  if (role.kind !== 'primary') return;
  if (!role.serving) syncPeers(core, role);
  maybeCommit(core, role);
  maybeServe(core, role);
}

/** After a broken stream the primary begins with a new Sync: messages on the old stream may be lost. */
function onLink(core: Core, event: Extract<Event, { type: 'linkUp' | 'linkDown' }>): void {
  const { role } = core;
  const peer = role.kind === 'primary' ? role.peers.get(event.to) : undefined;
  if (role.kind !== 'primary' || peer === undefined) return;
  peer.linked = event.type === 'linkUp';
  peer.refused = event.type === 'linkDown' && event.refused;
  enterPhase(peer, 'idle', core.nowMs);
  if (peer.linked) sendBeacon(core, role, peer);
  advance(core);
}
