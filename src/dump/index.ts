/** Dumps of a cluster's keys and values as files: the format, written and read. */
export { DumpEncoder } from './dump-encoder.js';
export { DumpDamagedError, type DumpRecord, dumpFormatVersion } from './format.js';
export { readDump } from './read-dump.js';
