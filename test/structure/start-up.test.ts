/** Programs and the client library start quickly because they load little. These tests list the packages that they load at once. */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
/** Imports and exports from another module, without those of types. */
const imports = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\bfrom\s+)?'([^']+)'/gms;

/** The packages that are loaded with the file, without what is imported later by `import()`. */
function packagesOf(file: string, seen = new Set<string>(), found = new Set<string>()): Set<string> {
  if (seen.has(file)) return found;
  seen.add(file);
  for (const [, specifier] of readFileSync(join(repository, file), 'utf8').matchAll(imports)) {
    if (specifier!.startsWith('.')) packagesOf(normalize(join(dirname(file), specifier!.replace(/\.js$/, '.ts'))), seen, found);
    else if (!specifier!.startsWith('node:')) found.add(specifier!);
  }
  return found;
}

test.each([
  ['kvctl --version', ['src/cli/kvctl.ts'], []],
  ['kvnode --version', ['src/cli/kvnode.ts'], []],
  ['kvbench --version', ['bench/kvbench.ts'], []],
  ['kvctl get', ['src/cli/run-kvctl.ts', 'src/cli/kvctl/keys/get.ts', 'src/client/index.ts'], []],
  ['kvctl put', ['src/cli/run-kvctl.ts', 'src/cli/kvctl/keys/put.ts', 'src/client/index.ts'], []],
  ['the client library', ['src/index.ts'], ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs']],
  ['kvctl --help', ['src/cli/kvctl/command-line.ts'], ['yargs']],
])('%s loads only the packages that it needs', (_name, files, expected) => {
  const seen = new Set<string>();
  const found = new Set(files.flatMap((file) => [...packagesOf(file, seen)]));
  expect([...found].sort()).toEqual(expected);
  expect(seen.size).toBeGreaterThan(1);
});
