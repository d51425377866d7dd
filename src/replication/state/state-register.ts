/**
 * What a replica knows of `state` in ZooKeeper, and its one outstanding proposal to change it (R7).
 *
 * A proposal whose answer is lost may still succeed until a read shows a later version, or another compare-and-set on the same
 * version succeeds. A read that still shows the old version proves nothing: the server may lag. A read that shows an older state,
 * or one of another history, may come from such a server, too. Only a reading that must show everything committed after the
 * known state was seen proves that ZooKeeper has lost data.
 */

import type { ProposalOutcome } from '../protocol/event.js';
import type { EpochId, ReplicaId } from '../protocol/ids.js';
import { continues, hasSeenFewerRemovals, isGivenUp } from '../protocol/lineage.js';
import { epochIdOf, type ShardState } from '../protocol/shard-state.js';

export type ProposalPurpose = 'claim' | 'birth' | 'force' | 'membership' | 'handover' | 'end';

/** A compare-and-set of `state` that is outstanding. */
export interface Proposal {
  readonly number: number;
  readonly purpose: ProposalPurpose;
  /** Undefined: the znode is to be created. */
  readonly expectedVersion: number | undefined;
  readonly next: ShardState;
  readonly sentMs: number;
  /** Since when its outcome is unknown, if it is. */
  readonly unknownMs: number;
  /** unknown: to be repeated. refused: the version has moved; a read will show whether this very proposal moved it. */
  readonly status: 'sent' | 'unknown' | 'refused';
}

/** The result of one read of `state`. */
export interface RegisterReading {
  readonly version: number;
  /** Undefined: there is no `state`. */
  readonly state: ShardState | undefined;
  /** The reading shows everything that ZooKeeper had committed by then. */
  readonly asOfMs: number;
}

/** What a replica learns from a reading that changes its knowledge. */
export interface Observation {
  /** The proposal that the reading settles. */
  readonly settled: Proposal | undefined;
  /** The state that ZooKeeper held before and has lost; undefined: it has lost none. */
  readonly lost: ShardState | undefined;
}

interface Known {
  readonly version: number;
  /** Undefined: ZooKeeper holds no `state`. */
  readonly state: ShardState | undefined;
  /** When this replica learned it. */
  readonly sinceMs: number;
}

export class StateRegister {
  #known: Known | undefined;
  #proposal: Proposal | undefined;
  #lastNumber = 0;
  /** When a reading last agreed with the known state; undefined: none has since the connection was made. */
  #readMs: number | undefined;
  /** Since when readings have been older than the known state, or of another history. */
  #contradictedMs: number | undefined;
  #isRestored = false;

  /** The newest `state` known to have been written. */
  get state(): ShardState | undefined {
    return this.#known?.state;
  }
  /** True once a read has shown that there is none. */
  get isMissing(): boolean {
    return this.#known !== undefined && this.#known.state === undefined;
  }
  /** ZooKeeper has lost this cluster's data before, so a missing `state` is a loss (R3). */
  get isRestored(): boolean {
    return this.#isRestored;
  }
  get wasRead(): boolean {
    return this.#known !== undefined;
  }
  /** The known state was read on the present connection. A replica proposes only then. */
  get isFresh(): boolean {
    return this.#readMs !== undefined && this.#contradictedMs === undefined;
  }
  get isContradicted(): boolean {
    return this.#contradictedMs !== undefined;
  }
  get contradictedMs(): number | undefined {
    return this.#contradictedMs;
  }
  get proposal(): Proposal | undefined {
    return this.#proposal;
  }

  /** The required set: the in-sync set united with the set of a proposal that may still succeed. Sorted. */
  get required(): readonly ReplicaId[] {
    const known = this.state?.inSync ?? [];
    if (this.#proposal === undefined) return known;
    return [...new Set([...known, ...this.#proposal.next.inSync])].sort();
  }

  /** The confirmed members: in the set whatever the outcome of the proposal. `minInSync` counts them. */
  get confirmed(): readonly ReplicaId[] {
    const known = this.state?.inSync ?? [];
    const next = this.#proposal?.next.inSync;
    return next === undefined ? known : known.filter((id) => next.includes(id));
  }

  /** There must be no other proposal. */
  propose(purpose: ProposalPurpose, next: ShardState, nowMs: number): Proposal {
    const expectedVersion = this.#known?.state === undefined ? undefined : this.#known.version;
    this.#proposal = {
      number: ++this.#lastNumber,
      purpose,
      expectedVersion,
      next,
      sentMs: nowMs,
      unknownMs: nowMs,
      status: 'sent',
    };
    return this.#proposal;
  }

  /** The connection to ZooKeeper is gone. The next one may show another state. */
  connectionLost(): void {
    this.#readMs = undefined;
    this.#contradictedMs = undefined;
  }

  /**
   * Returns the proposal if it is time to repeat it; it counts as sent again. `read`: `state` must be read first, because a znode
   * that was created again may have the version that the proposal expects.
   */
  repeat(nowMs: number, intervalMs: number): Proposal | 'read' | undefined {
    const proposal = this.#proposal;
    if (proposal?.status !== 'unknown' || nowMs - proposal.sentMs < intervalMs) return undefined;
    if (!this.isFresh || (this.#readMs ?? 0) <= proposal.unknownMs) return 'read';
    this.#proposal = { ...proposal, sentMs: nowMs };
    return this.#proposal;
  }

  /** Handles the answer to an attempt. Returns the proposal and its outcome once that is certain, or undefined. */
  settle(
    number: number,
    outcome: ProposalOutcome,
    nowMs: number,
  ): { readonly proposal: Proposal; readonly succeeded: boolean } | undefined {
    const proposal = this.#proposal;
    if (proposal === undefined || proposal.number !== number) return undefined;
    switch (outcome.kind) {
      case 'applied':
        this.#known = { version: outcome.version, state: proposal.next, sinceMs: nowMs };
        this.#proposal = undefined;
        return { proposal, succeeded: true };
      case 'notSent':
        if (proposal.status !== 'sent') return undefined;
        this.#proposal = undefined;
        return { proposal, succeeded: false };
      case 'unknown':
        this.#proposal = { ...proposal, status: 'unknown', unknownMs: nowMs };
        return undefined;
      case 'missing':
        // A create that found no parent settles nothing, so it is repeated.
        this.#proposal =
          proposal.expectedVersion === undefined
            ? { ...proposal, status: 'unknown', unknownMs: nowMs }
            : { ...proposal, status: 'refused' };
        return undefined;
      case 'conflict':
        this.#proposal = { ...proposal, status: 'refused' };
        return undefined;
    }
  }

  /** The cluster has been restored. */
  noteRestored(): void {
    this.#isRestored = true;
  }

  /** Handles a reading. Returns undefined if it changes nothing. */
  observe(reading: RegisterReading, nowMs: number): Observation | undefined {
    const { version, state, asOfMs } = reading;
    // A create that is on its way, or whose answer was lost, may still succeed.
    if (state === undefined && this.#isCreating()) return void this.#createMayBeRepeated(nowMs);
    const order = orderOf(this.#known, reading);
    const isLoss = order === 'contradicts' && asOfMs > this.#known!.sinceMs;
    if (order === 'contradicts' && !isLoss) {
      this.#contradictedMs ??= nowMs;
      return undefined;
    }
    this.#readMs = nowMs;
    this.#contradictedMs = undefined;
    if (order === 'same') return undefined;
    const lost = isLoss ? this.#known?.state : undefined;
    this.#known = { version, state, sinceMs: nowMs };
    return { settled: this.#takeProposal(), lost };
  }

  /** Drops the proposal if it is not of this epoch, which the shard has reached. Returns true if there was such a proposal. */
  supersede(id: EpochId): boolean {
    const proposal = this.#proposal;
    if (proposal === undefined || epochIdOf(proposal.next) === id) return false;
    this.#proposal = undefined;
    return true;
  }

  /** Drops the proposal: it is not repeated any more. */
  withdraw(): void {
    this.#proposal = undefined;
  }

  #isCreating(): boolean {
    return this.#proposal !== undefined && this.#proposal.expectedVersion === undefined;
  }

  /** A create was refused because `state` exists, but a reading shows none: the reading is late, or `state` is gone since. */
  #createMayBeRepeated(nowMs: number): void {
    if (this.#proposal?.status === 'refused') this.#proposal = { ...this.#proposal, status: 'unknown', unknownMs: nowMs };
    else this.#readMs = nowMs;
  }

  #takeProposal(): Proposal | undefined {
    const proposal = this.#proposal;
    this.#proposal = undefined;
    return proposal;
  }
}

/** contradicts: the reading is older than the known state, or of another line. By itself that proves nothing. */
function orderOf(known: Known | undefined, { version, state }: RegisterReading): 'same' | 'later' | 'contradicts' {
  if (known === undefined) return 'later';
  if (known.state === undefined) return state === undefined ? 'same' : 'later';
  if (state === undefined) return 'contradicts';
  if (epochIdOf(state) !== epochIdOf(known.state)) return isLater(known.state, state) ? 'later' : 'contradicts';
  // Versions start again from an older one where ZooKeeper went back; the number of removals does not (R7).
  if (hasSeenFewerRemovals(known.state, state)) return 'later';
  if (hasSeenFewerRemovals(state, known.state)) return 'contradicts';
  if (version !== known.version) return version > known.version ? 'later' : 'contradicts';
  return isSameContent(state, known.state) ? 'same' : 'contradicts';
}

/** Within an epoch, only these parts of `state` change. */
function isSameContent(one: ShardState, other: ShardState): boolean {
  return one.inSync.join() === other.inSync.join() && one.givenUp.join() === other.givenUp.join();
}

/** `state` is of a newer epoch of the same line, or an operator's command has given the known line up (R13). */
function isLater(known: ShardState, state: ShardState): boolean {
  if (continues(state, known)) return true;
  return isGivenUp(known, state.givenUp) && !isGivenUp(state, known.givenUp);
}
