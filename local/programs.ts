/** The paths of the built programs, and the environment in which they run. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const programs = {
  kvnode: 'dist/src/cli/kvnode.js',
  kvctl: 'dist/src/cli/kvctl.js',
  kvbench: 'dist/bench/kvbench.js',
  'node-with-formats': 'dist/local/node-with-formats.js',
} as const;

/** This file runs from source, under the test runner, and from dist; the programs always run from dist. */
const packageFolder = findPackage(import.meta.dirname);

/** @throws Error if the program has not been built */
export function programPath(name: keyof typeof programs): string {
  const path = join(packageFolder, programs[name]);
  if (!existsSync(path)) throw new Error(`${programs[name]} is missing: run npm run build`);
  return path;
}

/** The environment without the variables of kvnode, so that options come only from the command line. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KVNODE_')));
}

function findPackage(from: string): string {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  throw new Error('no package.json was found above this file');
}
