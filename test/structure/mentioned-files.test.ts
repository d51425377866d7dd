/** A file or folder of this repository that a comment or a document names must exist. The changelog is left out: it
 * names files of the past. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: repository,
  encoding: 'utf8',
})
  .trim()
  .split('\n');

/** Every end of a path that begins at a file or folder name: `src/node/index.ts`, `node/index.ts`, `index.ts`, `src/node`, `node`. */
const pathEnds = new Set(files.flatMap((file) => prefixesOf(file)).flatMap((path) => suffixesOf(path)));

function prefixesOf(path: string): string[] {
  const names = path.split('/');
  return names.map((_, last) => names.slice(0, last + 1).join('/'));
}

function suffixesOf(path: string): string[] {
  const names = path.split('/');
  return names.map((_, first) => names.slice(first).join('/'));
}

/** The comments of a source; a document as a whole. Line breaks are kept. */
function proseOf(file: string, text: string): string {
  if (file.endsWith('.md')) return text;
  const comment = /\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g;
  return (text.match(comment) ?? []).join('\n');
}

const namedFile = /(?<![\w@/.=-])(?:\.\.\/)*(?:[\w{*<][\w.{},*<>-]*\/)*[\w{*<][\w.{},*<>-]*\.(?:ts|proto|md)\b/g;
const namedFolder = /(?<![\w@/.-])(?:src|test|bench|docs|faults|local|simulation|verification|proto)\/[\w./{},*<>-]*[\w}*>]/g;

/** A name with alternatives in braces stands for one name for each. */
function spelledOut(mention: string): string[] {
  const [whole, head, names, tail] = /^(.*?)\{([^}]*)\}(.*)$/.exec(mention) ?? [];
  if (whole === undefined) return [mention];
  return names!.split(',').flatMap((name) => spelledOut(head! + name + tail!));
}

/** `*` and `<word>` stand for any part of a name; `../` counts from the folder of `file`. */
function exists(mention: string, file: string): boolean {
  const path = mention.startsWith('../') ? join(dirname(file), mention) : mention;
  if (!/[*<]/.test(path)) return pathEnds.has(path);
  const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replace(/\*|<\w+>/g, '[^/]*')}$`);
  return [...pathEnds].some((path) => pattern.test(path));
}

function missingFiles(file: string, text: string): string[] {
  const prose = proseOf(file, text);
  const mentions = [...(prose.match(namedFile) ?? []), ...(prose.match(namedFolder) ?? [])];
  return [...new Set(mentions.flatMap(spelledOut).filter((mention) => !exists(mention, file)))];
}

const leftOut = ['CHANGELOG.md', 'test/structure/mentioned-files.test.ts'];
const checked = files.filter((file) => /\.(?:ts|js|proto|md)$/.test(file) && !leftOut.includes(file));

describe('files that comments and documents name', () => {
  test('each of them exists', () => {
    const missingIn = (file: string) =>
      missingFiles(file, readFileSync(join(repository, file), 'utf8')).map((mention) => `${file} names ${mention}`);
    expect(checked.flatMap(missingIn)).toEqual([]);
  });

  test('a name is found in a comment, in a document and in braces, and not in code', () => {
    expect(missingFiles('a.ts', '// see gone.ts\nimport x from "./other.ts";')).toEqual(['gone.ts']);
    expect(missingFiles('a.md', 'See src/node/{index,gone}.ts and src/gone.')).toEqual(['src/node/gone.ts', 'src/gone']);
    expect(missingFiles('a.md', 'See src/node/*.ts, `docs/protocol.md` and kv.proto.')).toEqual([]);
  });
});
