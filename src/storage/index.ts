/** Storage engines: where a node keeps the data of its replicas. */
export { MemoryStorage } from './memory/memory-storage.js';
export { NodeMemory } from './memory/node-memory.js';
export type {
  LogRead,
  RangeItem,
  RangePage,
  RangeQuery,
  RecordView,
  Storage,
  StoredHead,
  StoredReplica,
  StoredValue,
} from './storage.js';
