/**
 * What a replica knows of `state` in ZooKeeper, and its one outstanding attempt to change it (R7).
 *
 * An attempt whose answer is lost stays possible until a read shows a later version or another compare-and-set on the
 * same version succeeds. A read that still shows the old version proves nothing: it may come from a server that lags.
 * A read that shows an older state, or one of another history, may come from such a server, too; that ZooKeeper has lost
 * data is proven only by a reading that must show everything committed after the newer one was seen.
 */

import type { ProposalOutcome } from '../protocol/event.js';
import type { EpochId, ReplicaId } from '../protocol/ids.js';
import { continues, isGivenUp } from '../protocol/lineage.js';
import { epochIdOf, type ShardState } from '../protocol/shard-state.js';

export type ProposalPurpose = 'claim' | 'birth' | 'force' | 'membership' | 'handover' | 'end';

export interface Proposal {
  readonly number: number;
  readonly purpose: ProposalPurpose;
  /** Undefined: the znode is to be created. */
  readonly expectedVersion: number | undefined;
  readonly next: ShardState;
  readonly sentMs: number;
  /** Since when its outcome is unknown, if it is. */
  readonly unknownMs: number;
  /** `unknown`: to be repeated. `refused`: the version has moved; a read will tell whether by this very proposal. */
  readonly status: 'sent' | 'unknown' | 'refused';
}

/** What a read found. */
export interface Reading {
  readonly version: number;
  /** Undefined: there is no `state`. */
  readonly state: ShardState | undefined;
  /** It shows everything that had been committed by then. */
  readonly asOfMs: number;
}

export interface News {
  /** The proposal that the reading settles. */
  readonly settled: Proposal | undefined;
  /** ZooKeeper has lost what it held before, which was this; undefined: it has not. */
  readonly lost: ShardState | undefined;
}

interface Known {
  readonly version: number;
  /** Undefined: ZooKeeper holds no `state`. */
  readonly state: ShardState | undefined;
  /** When it was learnt. */
  readonly sinceMs: number;
}

export class StateRegister {
  #known: Known | undefined;
  #proposal: Proposal | undefined;
  #lastNumber = 0;
  /** When a reading last agreed with what is known; undefined: none has since the connection was made. */
  #readMs: number | undefined;
  /** Since when the readings are older than what is known, or of another history. */
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
  /** ZooKeeper has lost this cluster's data before, so that a missing `state` is no beginning (R3). */
  get isRestored(): boolean {
    return this.#isRestored;
  }
  get wasRead(): boolean {
    return this.#known !== undefined;
  }
  /** What is known was read on the present connection: only then may anything be proposed. */
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

  /** The in-sync set united with every change to it that may yet turn out to have succeeded. Sorted. */
  get required(): readonly ReplicaId[] {
    const known = this.state?.inSync ?? [];
    if (this.#proposal === undefined) return known;
    return [...new Set([...known, ...this.#proposal.next.inSync])].sort();
  }

  /** The members that are in the set whatever comes of the proposal; what `minInSync` counts. */
  get confirmed(): readonly ReplicaId[] {
    const known = this.state?.inSync ?? [];
    const next = this.#proposal?.next.inSync;
    return next === undefined ? known : known.filter((id) => next.includes(id));
  }

  /** There must be no other proposal: one at a time. */
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

  /** The connection to ZooKeeper is gone: what another one shows may be something else. */
  connectionLost(): void {
    this.#readMs = undefined;
    this.#contradictedMs = undefined;
  }

  /**
   * The proposal, if it is time to repeat it; it counts as sent again. `read`: first `state` has to be read, as a znode that
   * was made anew may have the version that the proposal expects.
   */
  repeat(nowMs: number, intervalMs: number): Proposal | 'read' | undefined {
    const proposal = this.#proposal;
    if (proposal?.status !== 'unknown' || nowMs - proposal.sentMs < intervalMs) return undefined;
    if (!this.isFresh || (this.#readMs ?? 0) <= proposal.unknownMs) return 'read';
    this.#proposal = { ...proposal, sentMs: nowMs };
    return this.#proposal;
  }

  /** The answer to an attempt. Returns what is now certain, or undefined. */
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
        // A create that found no parent: nothing is settled, so it is tried again.
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

  /** The cluster is known to have been restored. */
  noteRestored(): void {
    this.#isRestored = true;
  }

  /** A read. Returns undefined if it tells nothing new. */
  observe(reading: Reading, nowMs: number): News | undefined {
    const { version, state, asOfMs } = reading;
    // A create that is on its way, or whose answer was lost, may come yet.
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

  /** The shard has come to an epoch that is not the proposal's: it is of no version that stands any more. True: there was one. */
  supersede(id: EpochId): boolean {
    const proposal = this.#proposal;
    if (proposal === undefined || epochIdOf(proposal.next) === id) return false;
    this.#proposal = undefined;
    return true;
  }

  /** The proposal is not repeated any more. */
  withdraw(): void {
    this.#proposal = undefined;
  }

  #isCreating(): boolean {
    return this.#proposal !== undefined && this.#proposal.expectedVersion === undefined;
  }

  /** Refused because there was one, yet there is none: the read is late, or it is gone. */
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

/** `contradicts`: the reading is older than what is known, or of another line; by itself that tells nothing. */
function orderOf(known: Known | undefined, { version, state }: Reading): 'same' | 'later' | 'contradicts' {
  if (known === undefined) return 'later';
  if (known.state === undefined) return state === undefined ? 'same' : 'later';
  if (state === undefined) return 'contradicts';
  if (epochIdOf(state) !== epochIdOf(known.state)) return isLater(known.state, state) ? 'later' : 'contradicts';
  if (version !== known.version) return version > known.version ? 'later' : 'contradicts';
  return isSameContent(state, known.state) ? 'same' : 'contradicts';
}

/** Within an epoch nothing else changes. */
function isSameContent(one: ShardState, other: ShardState): boolean {
  return one.inSync.join() === other.inSync.join() && one.givenUp.join() === other.givenUp.join();
}

/** It is of a newer epoch of the same line, or an operator's command has given that line up (R13). */
function isLater(known: ShardState, state: ShardState): boolean {
  if (continues(state, known)) return true;
  return isGivenUp(known, state.givenUp) && !isGivenUp(state, known.givenUp);
}
