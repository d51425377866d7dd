/** Clusters whose nodes keep their data in memory, in LMDB or in PostgreSQL. */
import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { LocalCluster, LocalClusterOptions } from '../../../local/local-cluster.js';
import { LocalPostgres } from '../../../local/postgres.js';
import { startDurable } from './durable-cluster.js';

export type StateKind = 'memory' | 'lmdb' | 'postgres';

let postgres: Promise<LocalPostgres> | undefined;

/** One PostgreSQL for all tests of a file, which the file stops with `stopPostgres`. */
function startPostgres(): Promise<LocalPostgres> {
  postgres ??= LocalPostgres.start();
  return postgres;
}

export async function stopPostgres(): Promise<void> {
  await (await postgres)?.stop();
  postgres = undefined;
}

/** Options of a node with data of this kind; with PostgreSQL it has a schema of its own. */
export async function stateOptions(kind: StateKind): Promise<string[]> {
  if (kind !== 'postgres') return ['--state', kind];
  const schema = `node${randomBytes(6).toString('hex')}`;
  return ['--state', kind, '--postgres', `${(await startPostgres()).url()}?options=-csearch_path%3D${schema}`];
}

/** A cluster with a node for each kind, in sync. */
export async function startWithStates(kinds: readonly StateKind[], options: LocalClusterOptions = {}): Promise<LocalCluster> {
  const cluster = await startDurable({ ...options, nodes: 0, waitForInSync: false });
  onTestFinished(() => cluster.kill());
  for (const kind of kinds) await cluster.addNode(await stateOptions(kind));
  await cluster.waitForInSync(kinds.length);
  return cluster;
}
