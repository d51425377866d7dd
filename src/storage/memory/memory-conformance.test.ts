import { describeStorage } from '../storage.conformance.js';
import type { StorageUnderTest } from '../tested-storage.fixture.js';
import { MemoryStorage } from './memory-storage.js';

const emptied = {
  type: 'reset',
  baseSeq: 0,
  baseEpoch: 0,
  baseEpochId: '',
  complete: true,
  requestFloor: 0,
  timeMs: 0,
} as const;

async function createInMemory(): Promise<StorageUnderTest> {
  const storage = new MemoryStorage();
  return {
    storage,
    apply: (entries) => storage.apply(entries),
    load: (items) => storage.persist({ type: 'load', items }),
    reset: () => storage.persist(emptied),
    settled: async () => {},
    dispose: () => storage.close(),
  };
}

describeStorage('the storage in memory', createInMemory);
