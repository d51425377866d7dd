/** Where the built programs are, and the environment they are started with. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const programs = {
  kvnode: 'dist/src/cli/kvnode.js',
  kvctl: 'dist/src/cli/kvctl.js',
  kvbench: 'dist/bench/kvbench.js',
} as const;

/** This file runs from source, under the test runner, and from dist; the programs always run from dist. */
const packageFolder = findPackage(import.meta.dirname);

/** @throws Error if it has not been built. */
export function programPath(name: keyof typeof programs): string {
  const path = join(packageFolder, programs[name]);
  if (!existsSync(path)) throw new Error(`${programs[name]} is missing: run npm run build`);
  return path;
}

/** Without our own variables: options come from the command line alone, whatever the shell of the developer has set. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KVNODE_')));
}

function findPackage(from: string): string {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  throw new Error('no package.json was found above this file');
}
