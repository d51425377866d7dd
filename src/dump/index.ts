/** Dumps of a cluster's keys and values as files: encoder and reader of the format. */
export { DumpEncoder } from './dump-encoder.js';
export { DumpDamagedError, type DumpedShard, type DumpRecord, dumpFormatVersion } from './format.js';
export { readDump } from './read-dump.js';
