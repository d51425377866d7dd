/**
 * What a process can know of the in-sync set, from the events it received and the proposals it made. The account is
 * kept beside the replica's own, so that a wrong conclusion of the replica is found.
 */
import type { CandidateFact, Effect, Event, Replica, ShardState } from '../../src/replication/index.js';

interface Outstanding {
  readonly number: number;
  readonly next: ShardState;
  /** The state that it knew when it proposed. As long as it knows no newer one, the proposal may succeed. */
  readonly onState: ShardState | undefined;
  /** The outcome of an attempt is unknown. */
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
  /** Its proposal that may yet succeed. */
  get proposed(): ShardState | undefined {
    return this.#last?.onState === this.state ? this.#last?.next : undefined;
  }
  /** The members under every outcome of that proposal. */
  get confirmed(): readonly string[] {
    const { state, proposed } = this;
    const known = state?.inSync ?? [];
    return proposed === undefined ? known : known.filter((id) => proposed.inSync.includes(id));
  }

  /** Called before the replica handles the event. */
  onEvent(event: Event): void {
    // The newer state that it has learnt settles the proposal.
    if (this.#last !== undefined && this.#last.onState !== this.state) this.#last = undefined;
    // A birth was proposed in a session that did not outlive the loss.
    if (event.type === 'stateMissing' && event.isRestored && this.#last?.next.epoch === 1) this.#last = undefined;
    if (event.type === 'candidates') this.candidates = event.candidates;
    if (event.type === 'placed' && event.nodes.length > 0) this.placed = event.nodes;
    if (event.type !== 'proposalResult' || event.proposal !== this.#last?.number) return;
    if (event.outcome.kind !== 'notSent') this.#last.doubtful ||= event.outcome.kind !== 'applied';
    else if (!this.#last.doubtful) this.#last = undefined;
  }

  /** True for a new proposal, false for a repetition. */
  onProposal({ proposal, next }: Extract<Effect, { type: 'writeState' }>): boolean {
    if (proposal === this.#lastNumber) return false;
    this.#lastNumber = proposal;
    this.#last = { number: proposal, next, onState: this.state, doubtful: false };
    return true;
  }
}
