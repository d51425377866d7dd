import { expect, test } from 'vitest';
import { KvError } from '../errors.js';
import { explainCallFailure } from './explain.js';

test('advice - names --root if no cluster was found', () => {
  const { data, advice } = explainCallFailure(new KvError('UNREACHABLE', 'no node is registered'), true);
  expect(data).toBe('nothing was changed.');
  for (const flag of ['--nodes', '--zk', '--root']) expect(advice).toContain(flag);
});
