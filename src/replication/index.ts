/** The pure replication core. It imports nothing from outside this folder. */
export type { Answer, Change, Effect, Note, Refusal } from './effect.js';
export type { CandidateFact, DumpItem, Event, ProposalOutcome, WriteEvent } from './event.js';
export { type EpochMark, endOf, type Line, markIdOf, nameOf } from './lineage.js';
export type { LogEntry } from './log-entry.js';
export type { EpochRun } from './log-position.js';
export type { BodyOf, Message, RequestBody, ResponseBody } from './message.js';
export type { ReplicaOptions } from './options.js';
export type { RecoveredReplica } from './recovered.js';
export { Replica } from './replica.js';
export { nodeIdOf, type ReplicaId, type ShardState } from './shard-state.js';
export type { ReplicaSnapshot } from './status.js';
