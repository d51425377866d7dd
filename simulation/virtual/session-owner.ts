/** The process of a ZooKeeper session: what it learns from the session, and what the session uses of it. */
import type { CandidateFact, ProposalOutcome, ShardState } from '../../src/replication/index.js';

export type SessionEvent<State> =
  | { readonly type: 'session'; readonly connected: boolean }
  | { readonly type: 'candidates'; readonly candidates: readonly CandidateFact[] }
  | { readonly type: 'stateRead'; readonly version: number; readonly state: State; readonly asOfMs: number }
  | { readonly type: 'stateMissing'; readonly isRestored: boolean; readonly asOfMs: number }
  | { readonly type: 'proposalResult'; readonly proposal: number; readonly outcome: ProposalOutcome };

export interface SessionOwner<State = ShardState> {
  readonly replicaId: string;
  readonly alive: boolean;
  readonly paused: boolean;
  readonly stopping: boolean;
  /** On its own clock. */
  readonly nowMs: number;
  /** The history that its data belongs to. */
  readonly historyHeld?: string | undefined;
  run(work: () => void): void;
  handle(event: SessionEvent<State>): void;
  /** Every session of its process loses its connection. */
  loseConnection(forMs: number): void;
}
