/**
 * What replicas of a shard say to each other. proto/kv/internal/v1/replication.proto documents each message; the shell
 * adds and checks format version, cluster id and shard. All may be lost, none relies on arriving once.
 */
import type { Epoch, EpochId, HistoryId, ReplicaId, Seq } from './ids.js';
import type { EpochMark } from './lineage.js';
import type { LogEntry } from './log-entry.js';
import type { EpochRun, LogPosition } from './log-position.js';

/** From a primary to a backup or joiner. */
export type RequestBody =
  | {
      readonly type: 'beacon';
      readonly sentAtMs: number;
      readonly probe: boolean;
      readonly commitIndex: Seq;
      readonly stopping: boolean;
      /**
       * When the newest beacon was sent whose answer said `leaving`, if this primary does not count on the receiver, and will
       * not unless a later answer says otherwise; else 0 (R15).
       */
      readonly mayLeaveMs: number;
    }
  | {
      readonly type: 'sync';
      readonly number: number;
      readonly log: LogPosition;
      /** The epochs that led to the primary's own: who holds data of another line does not follow (R1). */
      readonly lineage: readonly EpochMark[];
      readonly commitIndex: Seq;
    }
  | {
      readonly type: 'append';
      readonly number: number;
      readonly prevSeq: Seq;
      readonly prevEpoch: Epoch;
      readonly prevEpochId: EpochId;
      /** The epochs of the entries. */
      readonly runs: readonly EpochRun[];
      readonly entries: readonly LogEntry[];
      readonly commitIndex: Seq;
    }
  | { readonly type: 'dumpInvite'; readonly number: number }
  | { readonly type: 'stateChanged' };

/** From a backup or joiner to a primary. */
export type ResponseBody =
  | {
      readonly type: 'beaconAnswer';
      readonly sentAtMs: number;
      readonly probe: boolean;
      readonly claiming: boolean;
      readonly stopping: boolean;
      /** It is out of the set, by what it knows, and wants to give up its copy: it is not to be taken in (R15). */
      readonly leaving: boolean;
      /** The Sync that the answering replica follows; 0 for none. `complete` speaks of that one alone. */
      readonly number: number;
      readonly complete: boolean;
    }
  | { readonly type: 'syncAnswer'; readonly number: number; readonly dumpNeeded: boolean; readonly matchedSeq: Seq }
  | { readonly type: 'appendAnswer'; readonly number: number; readonly mismatch: boolean; readonly ackedSeq: Seq }
  | { readonly type: 'higherEpoch' }
  /** The receiver holds data of another history, which it keeps: it follows nobody of this one (R1). */
  | { readonly type: 'otherHistory' };

export type Body = RequestBody | ResponseBody;
export type BodyOf<Type extends Body['type']> = Extract<Body, { type: Type }>;

export interface Message {
  /** The history and epoch of the sender. */
  readonly history: HistoryId;
  readonly epoch: Epoch;
  readonly epochId: EpochId;
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly body: Body;
}
