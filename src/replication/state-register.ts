/**
 * What a replica knows of `state` in ZooKeeper, and its one outstanding attempt to change it (R7).
 *
 * An attempt whose answer is lost stays possible until a read shows a later version or another compare-and-set on the
 * same version succeeds. A read that still shows the old version proves nothing: it may come from a server that lags.
 */
import type { ProposalOutcome } from './event.js';
import type { ReplicaId, ShardState } from './shard-state.js';

export type ProposalPurpose = 'claim' | 'birth' | 'force' | 'membership' | 'handover' | 'end';

export interface Proposal {
  readonly number: number;
  readonly purpose: ProposalPurpose;
  /** Undefined: the znode is to be created. */
  readonly expectedVersion: number | undefined;
  readonly next: ShardState;
  readonly sentMs: number;
  /** `unknown`: to be repeated. `refused`: the version has moved; a read will tell whether by this very proposal. */
  readonly status: 'sent' | 'unknown' | 'refused';
}

/** `missing`: ZooKeeper holds no `state`. */
type Known = { readonly kind: 'missing' } | { readonly kind: 'present'; readonly version: number; readonly state: ShardState };

export class StateRegister {
  #known: Known | undefined;
  #proposal: Proposal | undefined;
  #lastNumber = 0;

  /** The newest `state` known to have been written. */
  get state(): ShardState | undefined {
    return this.#known?.kind === 'present' ? this.#known.state : undefined;
  }
  /** True once a read has shown that there is none. */
  get isMissing(): boolean {
    return this.#known?.kind === 'missing';
  }
  get wasRead(): boolean {
    return this.#known !== undefined;
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
    const expectedVersion = this.#known?.kind === 'present' ? this.#known.version : undefined;
    this.#proposal = { number: ++this.#lastNumber, purpose, expectedVersion, next, sentMs: nowMs, status: 'sent' };
    return this.#proposal;
  }

  /** The proposal, if it is time to repeat it; it counts as sent again. */
  repeat(nowMs: number, intervalMs: number): Proposal | undefined {
    if (this.#proposal?.status !== 'unknown' || nowMs - this.#proposal.sentMs < intervalMs) return undefined;
    this.#proposal = { ...this.#proposal, sentMs: nowMs };
    return this.#proposal;
  }

  /** The answer to an attempt. Returns what is now certain, or undefined. */
  settle(number: number, outcome: ProposalOutcome): { readonly proposal: Proposal; readonly succeeded: boolean } | undefined {
    const proposal = this.#proposal;
    if (proposal === undefined || proposal.number !== number) return undefined;
    switch (outcome.kind) {
      case 'applied':
        this.#known = { kind: 'present', version: outcome.version, state: proposal.next };
        this.#proposal = undefined;
        return { proposal, succeeded: true };
      case 'notSent':
        if (proposal.status !== 'sent') return undefined;
        this.#proposal = undefined;
        return { proposal, succeeded: false };
      case 'unknown':
        this.#proposal = { ...proposal, status: 'unknown' };
        return undefined;
      case 'missing':
        // A create that found no parent: nothing is settled, so it is tried again.
        this.#proposal = { ...proposal, status: proposal.expectedVersion === undefined ? 'unknown' : 'refused' };
        return undefined;
      case 'conflict':
        this.#proposal = { ...proposal, status: 'refused' };
        return undefined;
    }
  }

  /** A read. Returns undefined if it tells nothing new, else the proposal that it settles, if any. */
  observe(version: number, state: ShardState): { readonly settled: Proposal | undefined } | undefined {
    const known = this.#known;
    // After a loss of ZooKeeper's data versions start again, but epochs never do; a lower one is no news (R3).
    if (known?.kind === 'present' && state.epoch < known.state.epoch) return undefined;
    if (known?.kind === 'present' && version <= known.version && state.epoch === known.state.epoch) return undefined;
    this.#known = { kind: 'present', version, state };
    return { settled: this.#takeProposal() };
  }

  /** A read that found no znode. */
  observeMissing(): { readonly settled: Proposal | undefined } | undefined {
    // A create that is on its way, or whose answer was lost, may come yet.
    if (this.#proposal !== undefined && this.#proposal.expectedVersion === undefined) {
      // Refused because there was one, yet there is none: the read is late, or it is gone. The attempt is repeated.
      if (this.#proposal.status === 'refused') this.#proposal = { ...this.#proposal, status: 'unknown' };
      return undefined;
    }
    if (this.#known?.kind === 'missing') return undefined;
    this.#known = { kind: 'missing' };
    return { settled: this.#takeProposal() };
  }

  #takeProposal(): Proposal | undefined {
    const proposal = this.#proposal;
    this.#proposal = undefined;
    return proposal;
  }
}
