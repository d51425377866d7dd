/** Snapshot files: chunks of bytes, complete once they have their name. */
export { SnapshotFiles, type SnapshotThread, type SnapshotWriter } from './snapshot-files.js';
export { SnapshotDamagedError } from './snapshot-format.js';
