import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStateDatabase } from '../database/state-database.conformance.js';
import { openLmdb } from './lmdb-database.js';
import { lmdbWorker } from './lmdb-worker.fixture.js';

async function create(cacheBytes: number) {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-lmdb-'));
  const open = () => openLmdb({ folder: join(folder, 'state'), cacheBytes, startWorker: lmdbWorker });
  return { open, dispose: async () => rmSync(folder, { recursive: true }) };
}

describeStateDatabase('LMDB whose pages fit into memory', () => create(Number.POSITIVE_INFINITY));
describeStateDatabase('LMDB whose pages may have to come from the disk', () => create(0));
