/** The PostgreSQL server of one node, with a database and a user for the node, who is no superuser. */
import pg from 'pg';
import { LocalPostgres } from '../../local/postgres.js';

const user = 'kvnode';
const database = 'kvnode';
/** A server that does not answer fails the run. */
const statementTimeoutMs = 30_000;

export class NodeDatabase {
  readonly server: LocalPostgres;

  /** @param address where the server listens */
  static async start(address: string): Promise<NodeDatabase> {
    const started = new NodeDatabase(await LocalPostgres.start({}, address));
    await started.execute(`create role ${user} login password '${started.server.password}'`);
    await started.execute(`create database ${database} owner ${user}`);
    return started;
  }

  private constructor(server: LocalPostgres) {
    this.server = server;
  }

  /** For the node. */
  get url(): string {
    const { host, port, password } = this.server;
    return `postgres://${user}:${password}@${host}:${port}/${database}`;
  }

  /** As the superuser. Each statement has a connection of its own, whatever happened to the others. */
  async execute(...statements: readonly string[]): Promise<void> {
    const limits = { connectionTimeoutMillis: statementTimeoutMs, query_timeout: statementTimeoutMs };
    const client = new pg.Client({ connectionString: this.server.url(), ...limits });
    client.on('error', () => {});
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Every transaction fails that would write. */
  setReadOnly(isReadOnly: boolean): Promise<void> {
    const setting = 'default_transaction_read_only';
    return this.execute(
      isReadOnly ? `alter system set ${setting} = on` : `alter system reset ${setting}`,
      'select pg_reload_conf()',
    );
  }

  /** The sessions of the node end. While `limit` is 0 it gets no other; -1: no limit. */
  limitSessions(limit: 0 | -1): Promise<void> {
    return this.execute(
      `alter role ${user} connection limit ${limit}`,
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${user}'`,
    );
  }
}
