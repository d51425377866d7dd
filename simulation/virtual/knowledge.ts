/**
 * What a process can know of the in-sync set, by what it was told and what it asked for: an account of its own, kept beside
 * the replica's, so that a replica that reckons wrongly is found out.
 */
import type { CandidateFact, Effect, Event, Replica, ShardState } from '../../src/replication/index.js';

interface Outstanding {
  readonly number: number;
  readonly next: ShardState;
  /** What it knew when it asked: as long as it knows nothing newer, the proposal may come true. */
  readonly onState: ShardState | undefined;
  /** An attempt was answered with less than certainty. */
  doubtful: boolean;
}

export class Knowledge {
  candidates: readonly CandidateFact[] = [];
  /** Names of the nodes where the shard belongs, the preferred primary's first (R15). */
  placed: readonly string[] | undefined;
  readonly #replica: Replica;
  #last: Outstanding | undefined;
  #lastNumber = 0;

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  get state(): ShardState | undefined {
    return this.#replica.status(0).state;
  }
  /** What it has proposed and may yet come true. */
  get proposed(): ShardState | undefined {
    return this.#last?.onState === this.state ? this.#last?.next : undefined;
  }
  /** Members under every outcome of that. */
  get confirmed(): readonly string[] {
    const { state, proposed } = this;
    const known = state?.inSync ?? [];
    return proposed === undefined ? known : known.filter((id) => proposed.inSync.includes(id));
  }

  /** Before the replica hears of it. */
  onEvent(event: Event): void {
    // What it has learnt since has settled it, whatever it learns later.
    if (this.#last !== undefined && this.#last.onState !== this.state) this.#last = undefined;
    // A birth was asked for in a session that did not outlive the loss.
    if (event.type === 'stateMissing' && event.isRestored && this.#last?.next.epoch === 1) this.#last = undefined;
    if (event.type === 'candidates') this.candidates = event.candidates;
    if (event.type === 'placed' && event.nodes.length > 0) this.placed = event.nodes;
    if (event.type !== 'proposalResult' || event.proposal !== this.#last?.number) return;
    if (event.outcome.kind !== 'notSent') this.#last.doubtful ||= event.outcome.kind !== 'applied';
    else if (!this.#last.doubtful) this.#last = undefined;
  }

  /** Whether this is a new proposal, not one that is tried again. */
  onProposal({ proposal, next }: Extract<Effect, { type: 'writeState' }>): boolean {
    if (proposal === this.#lastNumber) return false;
    this.#lastNumber = proposal;
    this.#last = { number: proposal, next, onState: this.state, doubtful: false };
    return true;
  }
}
