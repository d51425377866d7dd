/** A cluster on this machine whose nodes have databases on one PostgreSQL server, one for each. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { WalkedCluster } from './database-walkthrough.js';
import { LocalCluster, type LocalClusterOptions } from './local-cluster.js';
import type { NodeProcess } from './node-process.js';
import { LocalPostgres } from './postgres.js';

const replicas = 3;

export interface PostgresProcessesOptions extends Omit<LocalClusterOptions, 'dataDir' | 'waitForInSync'> {
  /** Settings of PostgreSQL. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class PostgresProcesses implements WalkedCluster, AsyncDisposable {
  #folder: string | undefined;
  #postgres: LocalPostgres | undefined;
  #cluster: LocalCluster | undefined;

  static async start({ nodes = replicas, settings, ...options }: PostgresProcessesOptions): Promise<PostgresProcesses> {
    const started = new PostgresProcesses();
    try {
      await started.#start(nodes, settings, options);
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor() {}

  async #start(nodes: number, settings: PostgresProcessesOptions['settings'], options: LocalClusterOptions): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'kvnode-postgres-nodes-'));
    this.#postgres = await LocalPostgres.start(settings);
    this.#cluster = await LocalCluster.start({ ...options, nodes: 0, dataDir: this.#folder, waitForInSync: false });
    for (let number = 1; number <= nodes; number += 1) await this.addNode();
    await this.cluster.waitForInSync(Math.min(nodes, replicas));
  }

  get cluster(): LocalCluster {
    return this.#cluster!;
  }

  get postgres(): LocalPostgres {
    return this.#postgres!;
  }

  get nodeIds(): readonly string[] {
    return this.cluster.nodes.map(({ id }) => id);
  }

  /** Starts a node with a database of its own. */
  async addNode(): Promise<NodeProcess> {
    const database = `kv${this.cluster.nodes.length + 1}`;
    await this.#query('postgres', `create database ${database}`);
    return this.cluster.addNode(['--state', 'postgres', '--postgres', this.postgres.url(database), '--http-port', '0']);
  }

  httpOf(nodeId: string): string {
    return `http://${this.#nodeOf(nodeId).httpAddress}`;
  }

  async stop(nodeId: string): Promise<void> {
    await this.#nodeOf(nodeId).stop();
  }

  async stored(nodeId: string, key: string): Promise<string | undefined> {
    const rows = await this.#query(`kv${this.nodeIds.indexOf(nodeId) + 1}`, 'select value from kv where key = $1', [
      Buffer.from(key),
    ]);
    return (rows[0] as { value: Buffer } | undefined)?.value.toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster?.kill();
    await this.#postgres?.stop();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  #nodeOf(nodeId: string): NodeProcess {
    const node = this.cluster.nodes.find(({ id }) => id === nodeId);
    if (node === undefined) throw new Error(`there is no node ${nodeId}`);
    return node;
  }

  async #query(database: string, text: string, values: unknown[] = []): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: this.postgres.url(database) });
    await client.connect();
    try {
      return (await client.query(text, values)).rows;
    } finally {
      await client.end();
    }
  }
}
