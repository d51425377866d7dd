import { expect, test } from 'vitest';
import { KvError } from '../errors.js';
import { explainCallFailure } from './explain.js';

test('advice - a cluster that was not found may be under another root', () => {
  const { data, advice } = explainCallFailure(new KvError('UNREACHABLE', 'no node is registered'), true);
  expect(data).toBe('nothing was changed.');
  for (const flag of ['--nodes', '--zk', '--root']) expect(advice).toContain(flag);
});
