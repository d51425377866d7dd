/** The state of a replica in a database, run against the contract of a storage. Each implementation of `StateDatabase` runs these tests. */
import { describeStorage } from '../storage.conformance.js';
import type { StorageUnderTest } from '../tested-storage.fixture.js';
import type { DatabaseUnderTest } from './state-database.conformance.js';
import { DatabaseNode } from './stored-replica.fixture.js';

async function createOver(tested: DatabaseUnderTest): Promise<StorageUnderTest> {
  const node = new DatabaseNode(await tested.open());
  const replica = node.create(0);
  return {
    storage: replica.engine,
    apply: (entries) => replica.applyEntries(entries),
    load: (items) => replica.engine.load(items),
    reset: () => replica.reset(true),
    settled: () => node.writer.settle(),
    dispose: async () => {
      await node.writer.close();
      await tested.dispose();
    },
  };
}

export function describeDatabaseStorage(name: string, create: () => Promise<DatabaseUnderTest>): void {
  describeStorage(`a replica over ${name}`, async () => createOver(await create()));
}
