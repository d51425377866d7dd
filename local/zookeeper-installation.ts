/** Finds Java and ZooKeeper on this machine: ZOOKEEPER_HOME first, then the Debian and Ubuntu package. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export interface ZookeeperInstallation {
  readonly java: string;
  readonly classPath: string;
}

const debianJar = '/usr/share/java/zookeeper.jar';
/** These folders hold only the configuration of the server's log. */
const debianConfigFolders = ['/etc/zookeeper/conf', '/etc/zookeeper/conf_example'];

/** @throws Error naming the missing program, and scripts/setup */
export async function findZookeeper(environment: NodeJS.ProcessEnv = process.env): Promise<ZookeeperInstallation> {
  const java = await findJava(environment);
  if (java === undefined) throw new Error('no Java was found on PATH or in JAVA_HOME, and ZooKeeper needs it: run scripts/setup');
  const home = environment.ZOOKEEPER_HOME;
  if (home !== undefined && home !== '') {
    if (!(await exists(join(home, 'lib')))) throw new Error(`ZOOKEEPER_HOME=${home} has no folder lib: run scripts/setup`);
    return { java, classPath: [join(home, 'conf'), join(home, 'lib', '*'), join(home, '*')].join(':') };
  }
  if (!(await exists(debianJar))) {
    throw new Error('no ZooKeeper was found: run scripts/setup, or set ZOOKEEPER_HOME, or set KVNODE_ZK to a running one');
  }
  return { java, classPath: [...debianConfigFolders, debianJar].join(':') };
}

async function findJava(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const home = environment.JAVA_HOME;
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  if (home !== undefined && home !== '') folders.unshift(join(home, 'bin'));
  for (const folder of folders) {
    const java = join(folder, 'java');
    if (await exists(java, constants.X_OK)) return java;
  }
  return undefined;
}

async function exists(path: string, mode = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
