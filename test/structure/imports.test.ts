/** The table of folders in docs/architecture.md says which folders each folder imports. Tests and fixtures do not count. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
  cwd: repository,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((file) => !/\.(test|fixture|conformance)\.ts$/.test(file));

/** `node` for src/node/..., `bench` for bench/...; undefined for a file at the top, such as src/errors.ts. */
function folderOf(file: string): string | undefined {
  return /^(?:src\/([^/]+)\/|(?!src\/)([^/]+)\/)/
    .exec(file)
    ?.slice(1)
    .find((name) => name !== undefined);
}

/** The folders that each folder imports, sorted. */
function importedFolders(): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const file of files) {
    const folder = folderOf(file);
    if (folder === undefined) continue;
    const imports = readFileSync(join(repository, file), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g);
    for (const [, specifier] of imports) {
      const target = folderOf(normalize(join(dirname(file), specifier!)));
      if (target !== undefined && target !== folder) found.set(folder, (found.get(folder) ?? new Set()).add(target));
    }
  }
  return new Map([...found].map(([folder, targets]) => [folder, [...targets].sort()]));
}

/** Rows of the table as `[folder, imported folders]`. */
function documented(): [string, string[]][] {
  const text = readFileSync(join(repository, 'docs/architecture.md'), 'utf8');
  const rows = text.matchAll(/^\| `(?:src\/)?([\w-]+)\/` \| .* \| ([^|]*) \|$/gm);
  return [...rows].map(([, folder, imports]) => [folder!, imports === '–' ? [] : imports!.split(', ')]);
}

test('docs/architecture.md lists the folders that each folder imports', () => {
  const imported = importedFolders();
  const rows = documented().filter(([folder]) => folder !== 'proto' && folder !== 'test');
  expect(rows.length).toBeGreaterThan(18);
  expect(rows).toEqual(rows.map(([folder]) => [folder, imported.get(folder) ?? []]));
});
