import { expect, test } from 'vitest';
import { ClusterEvents, type ClusterListener } from './cluster-events.js';

test('a report reaches the parts that listen for it, in the order in which they were built', () => {
  const events = new ClusterEvents();
  const received: string[] = [];
  const part = (name: string): ClusterListener => ({
    onNodes: (nodes, version) => received.push(`${name} ${nodes.length} ${version}`),
  });
  events.subscribe(part('first'));
  events.subscribe({ onFatal: (error) => received.push(error.message) });
  events.subscribe(part('second'));
  events.onNodes([{ nodeId: 'a', address: 'a:1' }], 7, []);
  events.onFatal(new Error('taken'));
  expect(received).toEqual(['first 1 7', 'second 1 7', 'taken']);
});

test('a session is connected or it is not', () => {
  const events = new ClusterEvents();
  const received: boolean[] = [];
  events.subscribe({ onSession: (connected) => received.push(connected) });
  for (const status of ['connected', 'suspended'] as const) events.onSession(status);
  expect(received).toEqual([true, false]);
});
