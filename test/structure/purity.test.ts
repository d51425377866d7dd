/**
 * The first rule of the architecture: the core (src/replication, src/placement) knows no time, randomness, I/O or
 * waiting. Three checks enforce it: tsconfig.core.json, in which Node.js does not exist; the overrides in biome.json
 * for imports, Date and Promise; and this test, for everything that neither can express, and for the overrides
 * themselves.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const pureFolders = ['src/replication', 'src/placement'].filter((folder) => existsSync(join(repository, folder)));
const isProduct = (file: string): boolean => file.endsWith('.ts') && !/\.(test|fixture|conformance)\.ts$/.test(file);

const pureFiles = pureFolders.flatMap((folder) =>
  readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter(isProduct)
    .map((file) => join(folder, file)),
);

/** The source without comments and quoted texts, in which these words are harmless. */
function codeOf(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, ' ');
}

function impurities(source: string): string[] {
  return codeOf(source).match(/\b(?:async|await|Math\s*\.\s*random|import\s*\(|import\s*\.\s*meta)/g) ?? [];
}

/**
 * The imports of a core file that lead out of its core folder. The linter judges imports by their text, this by where
 * they lead.
 */
function importsFromOutside(file: string): string[] {
  const core = pureFolders.find((folder) => file.startsWith(`${folder}/`))!;
  const imports = readFileSync(join(repository, file), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g);
  return [...imports]
    .map(([, specifier]) => specifier!)
    .filter((specifier) => !specifier.startsWith('.') || !join(dirname(file), specifier).startsWith(`${core}/`));
}

/** The rules that the linter of this repository reports for a source in the core. */
function reportedRules(source: string, file = 'probe.ts'): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-purity-'));
  try {
    mkdirSync(join(folder, 'src/replication/state'), { recursive: true });
    cpSync(join(repository, 'biome.json'), join(folder, 'biome.json'));
    writeFileSync(join(folder, 'src/replication', file), `${source}\n`);
    const biome = join(repository, 'node_modules/.bin/biome');
    const { stdout, stderr } = spawnSync(biome, ['lint', '--vcs-enabled=false', '.'], { cwd: folder, encoding: 'utf8' });
    const report = stdout + stderr;
    if (!/Checked [12] files?/.test(report)) throw new Error(`the linter did not run: ${report}`);
    return report.match(/\bnoRestricted(?:Imports|Globals)\b/g) ?? [];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('purity of the core', () => {
  test.each(pureFiles)('%s waits for nothing and leaves nothing to chance', (file) => {
    expect(impurities(readFileSync(join(repository, file), 'utf8'))).toEqual([]);
  });

  test.each(pureFiles)('%s imports nothing from outside the core', (file) => {
    expect(importsFromOutside(file)).toEqual([]);
  });

  test('the search for impurities finds them in code, and not in comments or texts', () => {
    expect(impurities('const f = async () => { await 1; Math.random(); };')).toEqual(['async', 'await', 'Math.random']);
    expect(impurities("/* await */ const text = 'async'; // Math.random")).toEqual([]);
  });

  test.each([
    "import { KvError } from '../errors.js'; export const used = KvError;",
    "import { KvError } from './../errors.js'; export const used = KvError;",
    "import type { Logger } from 'pino'; export type Used = Logger;",
    "import { readFileSync } from 'node:fs'; export const used = readFileSync;",
    "export { KvError } from '../errors.js';",
    'export const used = Date.now();',
    'export const used = globalThis.process;',
    'export const used = (): unknown => new Promise(() => {});',
  ])('the linter refuses in the core: %s', (source) => {
    expect(reportedRules(source)).not.toEqual([]);
  });

  test('the linter refuses an import that leads out of the core from a folder in it', () => {
    expect(reportedRules("export { KvError } from '../../errors.js';", 'state/probe.ts')).not.toEqual([]);
  });

  test('the linter accepts imports within the core', () => {
    const source = "import { born } from './protocol/shard-state.js'; export const used = born;";
    expect(reportedRules(source)).toEqual([]);
    expect(reportedRules(source.replace('./', '../'), 'state/probe.ts')).toEqual([]);
  });
});
