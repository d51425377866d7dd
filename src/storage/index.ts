/** Storage engines: where a node keeps the data of its replicas. */
export { MemoryStorage } from './memory/memory-storage.js';
export type { RecordView, Storage, StoredHead, StoredValue } from './storage.js';
