/** The write-ahead log of a node. Start with `LogScan`, then `openLog`. */

export { maxRecordBytes } from './batch-queue.js';
export type { LogFlush } from './batch-writer.js';
export { flushScanned } from './flush-scanned.js';
export type { Journal, KeptWhen } from './journal.js';
export { type LogFiles, readOnlyFiles } from './log-files.js';
export type { LogOptions } from './log-options.js';
export { ForeignSegmentError, type LogOutcome, type LogPlace, LogScan } from './log-scan.js';
export { defaultSegmentBytes, openLog } from './open-log.js';
export { firstPlaceIn, type ReadPlace } from './read-records.js';
export { type LoggedRecord, type LoggedReplica, RecordReader } from './record-format.js';
export { SegmentIndex } from './segment-index.js';
export { isNoSpace } from './segment-supply.js';
export type { WriteAheadLog } from './write-ahead-log.js';
