/** Storage engines: where a node keeps the data of its replicas. */
export { MemoryStorage } from './memory/memory-storage.js';
export type { RecordView, Storage, StoredHead, StoredReplica, StoredValue } from './storage.js';
