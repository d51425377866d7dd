/** The pure replication core. It imports nothing from outside this folder. */

export { isGreater, isNumber } from './primary/decimal.js';
export type { Answer, Change, Effect, NewestWrite, Note, Refusal } from './protocol/effect.js';
export type {
  CandidateFact,
  DueEvent,
  DueKey,
  Event,
  OrderedReadEvent,
  ProposalOutcome,
  SnapshotItem,
  TransactEvent,
  WriteEvent,
} from './protocol/event.js';
export { nodeIdOf, type ReplicaId } from './protocol/ids.js';
export { type EpochMark, endOf, type Line, markIdOf, nameOf } from './protocol/lineage.js';
export { entryBytes, type KeyWrite, type LogEntry } from './protocol/log-entry.js';
export type { EpochRun } from './protocol/log-position.js';
export type { BodyOf, Message, RequestBody, ResponseBody } from './protocol/message.js';
export { type RecordedAnswer, wroteAnswer } from './protocol/recorded-answer.js';
export {
  type AppliedPosition,
  type AppliedState,
  emptyMetadata,
  mayBeginAt,
  type RecoveredReplica,
  type ReplicaMetadata,
  type StoredSnapshot,
} from './protocol/recovered.js';
export type { ReplicaOptions } from './protocol/replica-options.js';
export { type RecordedRequest, type RequestIdentity, requestBytes } from './protocol/request.js';
export type { ShardState } from './protocol/shard-state.js';
export {
  type Compare,
  type Expiry,
  type FoundItem,
  type KeyOperation,
  type KeyResult,
  keysOf,
  type Transaction,
} from './protocol/transaction.js';
export { Replica } from './replica.js';
export type { CoreStatus } from './replica-status.js';
export { LoggedMetadata } from './state/logged-metadata.js';
export { Replay } from './state/replay.js';
export { requestsAfter } from './state/requests-after.js';
export { StoredLog } from './state/stored-log.js';
