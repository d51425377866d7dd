/** What the data of a node on disk is opened with. */
import type { Logger } from 'pino';
import type { ClusterFormat } from '../../formats.js';
import type { SnapshotThread } from '../../storage/snapshots/index.js';
import type { LogOptions } from '../../storage/wal/index.js';
import type { DataFolder } from './data-folder.js';
import type { DiskCalls } from './disk-calls.js';
import type { SurveyedLog } from './log-survey.js';
import type { StateStore } from './state-store.js';

export interface DiskDataOptions {
  /** It belongs to this node. The data closes it, also if it cannot be opened. */
  readonly folder: Pick<DataFolder, 'path' | 'lockedMs' | 'began' | 'close'>;
  /** The first reading of the log, if it has begun already. */
  readonly survey?: Promise<SurveyedLog | undefined> | undefined;
  readonly clusterId: string;
  readonly nodeId: string;
  /** See `NodeMemory`. Default true. */
  readonly isOrdered?: boolean | undefined;
  /** Gets the calls of the disk that are under way while the data is opened. */
  readonly calls?: DiskCalls | undefined;
  readonly shardCount: number;
  /** The format in which the log is written. */
  readonly format: Pick<ClusterFormat, 'inUse'>;
  /** Writes that were acknowledged may be missing: they were not flushed, and the machine has stopped. */
  readonly mayLackWrites: boolean;
  readonly log?: Pick<LogOptions, 'syncIntervalMs' | 'segmentBytes' | 'retainBytes' | 'maxBytes' | 'atTurnEnd' | 'startThread'>;
  /** Bounds on the applied entries of a replica that a start keeps in memory: count and estimated bytes. */
  readonly retainEntries: number;
  readonly retainBytes: number;
  readonly logger: Logger;
  /** Default: the states are in memory. */
  readonly openStates?: (() => Promise<StateStore>) | undefined;
  /** Of states in memory. Default: a thread of the process. */
  readonly snapshotThread?: SnapshotThread;
}
