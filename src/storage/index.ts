/** Storage engines: where a node keeps what it holds. */
export { MemoryStorage } from './memory/memory-storage.js';
export type { RecordView, Storage, StoredValue } from './storage.js';
