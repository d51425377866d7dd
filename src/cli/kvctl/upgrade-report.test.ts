import { expect, test } from 'vitest';
import type { ClusterFormats } from '../../coordination/index.js';
import { renderFinished, renderFormats } from './upgrade-report.js';

const old = { nodeId: 'old', address: 'old:1', kvnodeVersion: '1.0.0', formats: { oldest: 5, newest: 5 } };
const upgraded = { nodeId: 'new', address: 'new:1', kvnodeVersion: '2.0.0', formats: { oldest: 5, newest: 6 } };
const silent = { nodeId: 'silent', address: 'silent:1' };
const base: ClusterFormats = { clusterId: 'c', inUse: 5, newest: 5, nodes: [], behind: [] };

test('every node has a line with its version and formats, also one that has registered neither', () => {
  const text = renderFormats({ ...base, newest: 6, nodes: [old, upgraded, silent], behind: [old, silent] });
  expect(text).toContain('cluster c uses format 5');
  expect(text).toMatch(/old +│ 1\.0\.0 +│ format 5 /);
  expect(text).toMatch(/new +│ 2\.0\.0 +│ formats 5 to 6 /);
  expect(text).toMatch(/silent +│ - +│ not known /);
});

test.each([
  ['no node is registered', {}, /no node is registered$/],
  ['no node supports a newer format', { nodes: [old] }, /no node supports a newer format: there is no upgrade to finish$/],
  [
    'some nodes are behind',
    { newest: 6, nodes: [old, upgraded, silent], behind: [old, silent] },
    /to be upgraded before format 6 can be taken into use: old, silent$/,
  ],
  ['every node supports it', { newest: 6, nodes: [upgraded] }, /every node supports format 6: "kvctl upgrade --finish" takes it/],
])('the last line is the next step: %s', (_, facts, expected) => {
  expect(renderFormats({ ...base, ...facts })).toMatch(expected);
});

test('a finished upgrade names both formats, and the nodes that registered too late', () => {
  const cluster = { ...base, inUse: 6, newest: 6, nodes: [upgraded] };
  const done = 'cluster c uses format 6 from now on (before: 5); nodes that do not support it are refused';
  expect(renderFinished({ before: 5, cluster })).toBe(done);
  expect(renderFinished({ before: 5, cluster: { ...cluster, nodes: [upgraded, old], behind: [old] } })).toBe(
    `${done}\nregistered meanwhile, and serving nothing until they are upgraded: old`,
  );
});
