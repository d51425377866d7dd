/** The package and the container image leave out what its programs do not need. Here: and nothing that they load. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
/** Modules that are loaded at once, later, or by a thread; not those of which only types are used. */
const loaded =
  /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\bfrom\s+)?'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'|new URL\(\s*'(\.[^']+\.js)'/gms;

function read(file: string): string {
  return readFileSync(join(repository, file), 'utf8');
}

/** The files as they are built: `dist/src/index.js`. */
function filesLoadedBy(programs: readonly string[]): string[] {
  const found = new Set<string>(programs);
  for (const file of found) {
    const specifiers = [...read(file).matchAll(loaded)].flatMap(([, ...groups]) => groups.filter((group) => group !== undefined));
    for (const specifier of specifiers) found.add(sourceOf(normalize(join(dirname(file), specifier))));
  }
  return [...found].map((file) => `dist/${file.replace(/\.ts$/, '.js')}`);
}

/** Some sources are JavaScript. */
function sourceOf(path: string): string {
  return existsSync(join(repository, path)) ? path : path.replace(/\.js$/, '.ts');
}

function isWithin(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

const { bin, files } = JSON.parse(read('package.json')) as { bin: Record<string, string>; files: string[] };
const programs = [...Object.values(bin), 'dist/src/index.js'].map((path) => path.replace(/^dist\/(.*)\.js$/, '$1.ts'));
const needed = filesLoadedBy(programs);

test('the package has every file that its programs and the client library load', () => {
  expect(needed.length).toBeGreaterThan(200);
  const left = files.flatMap((entry) => (entry.startsWith('!') ? entry.slice(1) : []));
  expect(needed.filter((path) => !isWithin(path, files) || isWithin(path, left))).toEqual([]);
});

test('the container image has them, too', () => {
  const removed = /rm -rf ((?:dist\/\S+ ?)+)/.exec(read('docker/Dockerfile'))![1]!.trim().split(' ');
  expect(removed.length).toBeGreaterThan(3);
  expect(needed.filter((path) => isWithin(path, removed))).toEqual([]);
});
