import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeDatabaseStorage } from '../database/database-storage.conformance.js';
import { describeStateDatabase } from '../database/state-database.conformance.js';
import { openLmdb } from './lmdb-database.js';
import { lmdbWorker } from './lmdb-worker.fixture.js';

async function create(cacheBytes: number) {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-lmdb-'));
  const open = () => openLmdb({ folder: join(folder, 'state'), cacheBytes, startWorker: lmdbWorker });
  return { open, dispose: async () => rmSync(folder, { recursive: true }) };
}

for (const [name, cacheBytes] of [
  ['LMDB whose pages fit into memory', Number.POSITIVE_INFINITY],
  ['LMDB whose pages may have to come from the disk', 0],
] as const) {
  describeStateDatabase(name, () => create(cacheBytes));
  describeDatabaseStorage(name, () => create(cacheBytes));
}
