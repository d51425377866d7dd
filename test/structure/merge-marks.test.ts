/** A merge that was not finished leaves marks behind, which hide well in comments and documents. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('no file has the marks of a merge', () => {
  const repository = join(import.meta.dirname, '../..');
  const search = ['grep', '--untracked', '--line-number', '-I', '-E', '^(<{7}|>{7}) ', '--', '.'];
  // git grep ends with 1 if it finds nothing.
  expect(() => execFileSync('git', search, { cwd: repository, encoding: 'utf8', stdio: 'pipe' })).toThrow(
    expect.objectContaining({ status: 1 }),
  );
});
