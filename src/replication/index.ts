/** The pure replication core. It imports nothing from outside this folder. */
export type { Answer, Change, Effect, Note, Refusal, RoleName } from './effect.js';
export type { CandidateFact, DumpItem, Event, ProposalOutcome } from './event.js';
export { InvariantError } from './invariant.js';
export type { LogEntry } from './log-entry.js';
export type { EpochRun, LogPosition } from './log-position.js';
export type { Body, BodyOf, Message, RequestBody, ResponseBody } from './message.js';
export type { ReplicaOptions } from './options.js';
export { Replica } from './replica.js';
export { type Epoch, nodeIdOf, type ReplicaId, type Seq, type ShardState } from './shard-state.js';
export type { ReplicaSnapshot } from './status.js';
