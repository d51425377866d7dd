import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { History, historyPath } from './history.js';

let folder: string;
const problems: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvctl-history-'));
  problems.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const historyAt = (path: string): History => new History(path, (problem) => problems.push(problem));

test('history - the next session has the lines, newest first, and only the owner can read the file', () => {
  const path = join(folder, 'a', 'b', 'history');
  expect(historyAt(path).load()).toEqual([]);
  const history = historyAt(path);
  history.append('get a');
  history.append('get b');
  expect(historyAt(path).load()).toEqual(['get b', 'get a']);
  expect(statSync(path).mode & 0o077).toBe(0);
  expect(problems).toEqual([]);
});

test('history - a long file is cut to its newest lines', () => {
  const path = join(folder, 'history');
  writeFileSync(path, Array.from({ length: 5_000 }, (_, index) => `get ${index}\n`).join(''));
  expect(historyAt(path).load()).toHaveLength(1_000);
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(1_001);
  expect(historyAt(path).load()[0]).toBe('get 4999');
});

test('history - a path that cannot be written is reported once', () => {
  writeFileSync(join(folder, 'file'), '');
  const history = historyAt(join(folder, 'file', 'history'));
  expect(history.load()).toEqual([]);
  history.append('get a');
  history.append('get b');
  expect(problems).toHaveLength(1);
});

test('history - lies below XDG_STATE_HOME, unless that is not an absolute path', () => {
  expect(historyPath({ XDG_STATE_HOME: '/state' })).toBe('/state/kvnode/kvctl-history');
  expect(historyPath({ XDG_STATE_HOME: 'state' })).toMatch(/^\/.*\.local\/state\/kvnode\/kvctl-history$/);
});

test.each([
  [
    'throws',
    () => {
      throw new Error('uv_os_homedir returned ENOENT');
    },
  ],
  ['is empty', () => ''],
  ['is relative', () => 'home'],
])('history - if the home folder %s no lines are kept, which is reported once', (_what, homeFolder) => {
  const path = historyPath({}, homeFolder);
  expect(path).toBeUndefined();
  const history = new History(path, (problem) => problems.push(problem));
  expect(history.load()).toEqual([]);
  history.append('get a');
  expect(problems).toEqual([expect.stringContaining('no home folder')]);
  expect(historyPath({ XDG_STATE_HOME: '/state' }, homeFolder)).toBe('/state/kvnode/kvctl-history');
});
