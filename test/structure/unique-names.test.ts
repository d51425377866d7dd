/**
 * One name for one thing: no two files declare an exported name twice, tools and simulation included, and no two files of `src/` have
 * the same name.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const folders = ['src', 'simulation', 'verification', 'local', 'faults', 'bench'];
const generated = 'src/wire/contract/generated';
const files = folders
  .flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith(generated));

/** Names of files that describe the role of the file in its folder or its command. */
const namesForEachFolder = new Set(['index.ts', 'limits.ts', 'options.ts']);

/** The names that a source declares and exports. What it re-exports is declared elsewhere. */
function declaredExports(text: string): string[] {
  const declaration = /^export (?:abstract |async )?(?:function\*?|class|interface|type|enum|const|let) (\w+)/gm;
  return [...text.matchAll(declaration)].map(([, name]) => name!);
}

function repeated(entries: readonly (readonly [name: string, file: string])[]): string[] {
  const places = new Map<string, Set<string>>();
  for (const [name, file] of entries) places.set(name, (places.get(name) ?? new Set()).add(file));
  return [...places].filter(([, found]) => found.size > 1).map(([name, found]) => `${name}: ${[...found].join(', ')}`);
}

test('the search finds every kind of declaration', () => {
  const text =
    'export const a = 1;\nexport async function b() {}\nexport abstract class C {}\nexport type D = 1;\nexport { e };\n';
  expect(declaredExports(text)).toEqual(['a', 'b', 'C', 'D']);
  expect(repeated([...declaredExports(text), 'a'].map((name, index) => [name, `${index}.ts`]))).toEqual(['a: 0.ts, 4.ts']);
});

test('no exported name stands for two things', () => {
  const declared = files.flatMap((file) =>
    declaredExports(readFileSync(join(repository, file), 'utf8')).map((name) => [name, file] as const),
  );
  expect(declared.length).toBeGreaterThan(500);
  expect(repeated(declared)).toEqual([]);
});

test('no two files of src have one name', () => {
  const product = files.filter((file) => file.startsWith('src/'));
  const named = product.map((file) => [basename(file), file] as const).filter(([name]) => !namesForEachFolder.has(name));
  expect(repeated(named)).toEqual([]);
});
