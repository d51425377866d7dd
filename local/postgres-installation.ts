/** Finds the programs of a PostgreSQL server: POSTGRES_HOME first, then the Debian and Ubuntu package, then PATH. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The user that runs the server. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresInstallation {
  readonly initdb: string;
  readonly postgres: string;
  /** Undefined: the user of this process. PostgreSQL refuses to run as root, so root starts it as another user. */
  readonly user: ServerUser | undefined;
}

/** One folder for each major version. */
const debianFolder = '/usr/lib/postgresql';
/** The first is made by the package. The second is on every machine. */
const unprivilegedUsers = ['postgres', 'nobody'];

/** @throws Error naming scripts/setup */
export async function findPostgres(environment: NodeJS.ProcessEnv = process.env): Promise<PostgresInstallation> {
  for (const folder of await foldersOf(environment)) {
    const [initdb, postgres] = [join(folder, 'initdb'), join(folder, 'postgres')];
    if ((await isProgram(initdb)) && (await isProgram(postgres))) return { initdb, postgres, user: await findUser() };
  }
  throw new Error('no PostgreSQL server was found: run scripts/setup, or set POSTGRES_HOME to the folder above its bin');
}

async function foldersOf({ POSTGRES_HOME: home, PATH: path = '' }: NodeJS.ProcessEnv): Promise<string[]> {
  if (home !== undefined && home !== '') return [join(home, 'bin')];
  const versions = await readdir(debianFolder).catch(() => []);
  const newestFirst = versions.sort((one, other) => Number(other) - Number(one));
  const onPath = path.split(delimiter).filter((folder) => folder !== '');
  return [...newestFirst.map((version) => join(debianFolder, version, 'bin')), ...onPath];
}

async function findUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of unprivilegedUsers) {
    const ids = await Promise.all(['-u', '-g'].map((option) => run('id', [option, name]))).catch(() => undefined);
    if (ids !== undefined) return { uid: Number(ids[0]!.stdout), gid: Number(ids[1]!.stdout) };
  }
  throw new Error(`PostgreSQL refuses to run as root, and this machine has none of the users ${unprivilegedUsers.join(' and ')}`);
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
