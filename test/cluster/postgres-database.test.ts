import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { LocalPostgres } from '../../local/postgres.js';
import { describeDatabaseStorage } from '../../src/storage/database/database-storage.conformance.js';
import { describeStateDatabase } from '../../src/storage/database/state-database.conformance.js';
import { PostgresDatabase } from '../../src/storage/postgres/index.js';

describe('PostgreSQL', () => {
  let postgres: LocalPostgres;
  beforeAll(async () => {
    postgres = await LocalPostgres.start();
  });
  afterAll(() => postgres.stop());

  async function createSchema() {
    const schema = `s${randomBytes(6).toString('hex')}`;
    const url = `${postgres.url()}?options=-csearch_path%3D${schema}`;
    const identity = { nodeId: 'n1', clusterId: 'c', folderId: 'f' };
    return { open: () => PostgresDatabase.open({ url, identity }), dispose: async () => {} };
  }

  describeStateDatabase('a schema', createSchema);
  describeDatabaseStorage('a schema', createSchema);
});
