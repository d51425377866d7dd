import { expect, test, vi } from 'vitest';
import type { KvClient } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import type { Topology } from '../../../wire/contract/kv-api.js';
import { Output } from '../output.js';
import { statusCommand } from './status.js';

test('kvctl status --watch - continues and reports it if no node answers, and ends with Ctrl-C', async () => {
  const interrupt = new AbortController();
  const output = new Output(true);
  const failures = vi.spyOn(output, 'failure').mockImplementation(() => {});
  const results = vi.spyOn(output, 'result').mockImplementation(() => interrupt.abort());
  const topology: Topology = { clusterId: 'c', nodes: [], shards: [], placementVersion: 0 };
  const answers = [() => Promise.reject(new KvError('UNREACHABLE', 'no node answered')), () => Promise.resolve(topology)];
  const client = { topology: () => answers.shift()!(), wholeTopology: async () => topology, onTopology: () => () => {} };
  const exitCode = await statusCommand.run({
    connect: async () => client as unknown as KvClient,
    operands: [],
    options: { watch: true },
    connection: { nodes: undefined, zk: undefined, root: undefined },
    call: { deadlineMs: 1_000, signal: interrupt.signal },
    isStdinTaken: false,
    output,
  });
  expect(exitCode).toBe(0);
  expect(failures.mock.calls).toMatchObject([[{ code: 'UNREACHABLE' }, false]]);
  expect(results).toHaveBeenCalledTimes(1);
});
