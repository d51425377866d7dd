/** Storage engines: where a node keeps what it holds. */
export { MemoryStorage } from './memory/memory-storage.js';
export type { Storage, StoredValue } from './storage.js';
