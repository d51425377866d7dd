/** The containers of docker/compose.postgres.yaml: four nodes, each with a PostgreSQL of its own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until, type WalkedCluster } from './database-walkthrough.js';

const run = promisify(execFile);
const project = 'kvnode-postgres';
const count = 4;
const firstHttpPort = 8_081;

export class PostgresContainers implements WalkedCluster {
  readonly nodeIds = Array.from({ length: count }, (_, index) => `kvnode-${index + 1}`);
  readonly #compose: readonly string[];

  /** Builds the image, starts the containers, and waits until every node is in sync. */
  static async start(repository: string): Promise<PostgresContainers> {
    const containers = new PostgresContainers(await findCompose(), join(repository, 'docker/compose.postgres.yaml'));
    await containers.#run('up', '--build', '--detach');
    for (const id of containers.nodeIds) {
      await until(`${id} is in sync`, async () => (await fetch(`${containers.httpOf(id)}/readyz`)).ok || undefined);
    }
    return containers;
  }

  private constructor(compose: readonly string[], file: string) {
    this.#compose = [...compose, '--project-name', project, '--file', file];
  }

  httpOf(nodeId: string): string {
    return `http://127.0.0.1:${firstHttpPort + this.nodeIds.indexOf(nodeId)}`;
  }

  async stop(nodeId: string): Promise<void> {
    const container = (await this.#run('ps', '--quiet', nodeId)).trim();
    await run('docker', ['stop', container]);
  }

  async stored(nodeId: string, key: string): Promise<string | undefined> {
    const query = `select convert_from(value, 'UTF8') from kv where key = '${key}'`;
    const psql = ['psql', '--username', 'postgres', '--no-align', '--tuples-only', '--command', query, 'kvnode'];
    const found = (await this.#run('exec', '-T', nodeId.replace('kvnode', 'postgres'), ...psql)).trim();
    return found === '' ? undefined : found;
  }

  /** Removes the containers and their data. */
  async remove(): Promise<void> {
    await this.#run('down', '--volumes');
  }

  async #run(...words: string[]): Promise<string> {
    const [program, ...before] = this.#compose;
    const { stdout } = await run(program!, [...before, ...words], { maxBuffer: 2 ** 26 });
    return stdout;
  }
}

/** Compose is a part of Docker, or, before that, a program of its own. */
async function findCompose(): Promise<readonly string[]> {
  const candidates = [['docker', 'compose'], ['docker-compose']] as const;
  for (const [program, ...words] of candidates) {
    const works = await run(program, [...words, 'version']).then(
      () => true,
      () => false,
    );
    if (works) return [program, ...words];
  }
  throw new Error('neither "docker compose" nor "docker-compose" works here');
}
