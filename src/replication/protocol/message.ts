/**
 * The messages between replicas of a shard. proto/kv/internal/v1/replication.proto documents each one, and names them as here.
 * The shell adds and checks format version, cluster id and shard. Any message may be lost or arrive twice.
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
       * Permission to leave (R15): the send time of the newest beacon whose answer said `leaving`. The primary does not count
       * on the receiver then, and will not unless a later answer says otherwise. 0: no permission.
       */
      readonly mayLeaveMs: number;
    }
  | {
      readonly type: 'sync';
      readonly number: number;
      readonly log: LogPosition;
      /** The epochs that led to the primary's own. A replica that holds data of another line does not follow (R1). */
      readonly lineage: readonly EpochMark[];
      readonly commitIndex: Seq;
      /** The shard's time when this was sent (R17). */
      readonly timeMs: number;
      /** The shard's time less the primary's clock, in this epoch: with it `sentAtMs` of a beacon is a time of the shard. */
      readonly timeOffsetMs: number;
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
      /** A call waits until everything up to the last of the entries is flushed: the receiver flushes its log at once. */
      readonly flush: boolean;
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
      /** The replica believes that it is out of the set, and wants to give up its copy. It must not be taken in (R15). */
      readonly leaving: boolean;
      /** The Sync that the answering replica follows; 0 for none. `complete` belongs to that Sync alone. */
      readonly number: number;
      readonly complete: boolean;
    }
  /** `unflushed`: how many of the newest entries up to `matchedSeq` would be lost without power. */
  | {
      readonly type: 'syncAnswer';
      readonly number: number;
      readonly dumpNeeded: boolean;
      readonly matchedSeq: Seq;
      readonly unflushed: number;
    }
  /** `unflushed`: the same of those up to `ackedSeq`. */
  | {
      readonly type: 'appendAnswer';
      readonly number: number;
      readonly mismatch: boolean;
      readonly ackedSeq: Seq;
      readonly unflushed: number;
    }
  | { readonly type: 'higherEpoch' }
  /** The answering replica holds data of another history. It keeps the data, and follows no primary of this history (R1). */
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
