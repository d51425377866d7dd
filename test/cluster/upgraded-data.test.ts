/**
 * Data directories in an upgrade: written in the older format until it is finished, so that every node can go back with its
 * data, and refused by the version before after it. upgrade.test.ts describes the versions.
 */
import { expect, test } from 'vitest';
import { type FormatRange, supportedFormats } from '../../src/formats.js';
import { killAll, refused, restartAll, startDurable } from './support/durable-cluster.js';
import { runKvctl } from './support/kvctl.js';
import { Written } from './support/lost-history.js';

const after = supportedFormats.newest;
const before = after - 1;
const old: FormatRange = { oldest: before, newest: before };
const upgraded: FormatRange = { oldest: before, newest: after };
const next: FormatRange = { oldest: after, newest: after + 1 };
/** Fifteen starts of nodes, on a machine that is busy with other work. */
const timeoutMs = 300_000;

test(
  'data is written in the older format until the upgrade is finished, and refused by the version before after it',
  async () => {
    const durable = await startDurable({ formats: old, extra: ['--session-ms', '2000'] });
    const written = new Written();
    const write = async (prefix: string): Promise<void> => {
      await using writer = await durable.connect();
      await written.write(writer, prefix, 10);
    };
    const restartAs = async (formats: FormatRange): Promise<void> => {
      await killAll(durable);
      await restartAll(durable, durable.nodes, { formats });
      await durable.waitForInSync(durable.nodes.length);
    };
    await write('old');
    // Node by node, as an operator does it: meanwhile both versions hold the same data.
    for (const node of durable.nodes) {
      await node.stop();
      await durable.disconnect();
      await write(`without ${node.id}, `);
      await durable.restart(node, { formats: upgraded });
      await durable.waitForInSync(durable.nodes.length);
      await write(`with ${node.id} upgraded, `);
    }
    await restartAs(old);
    await write('old again');
    await restartAs(upgraded);
    const finished = await runKvctl(['upgrade', '--finish', '--zk', durable.zookeeper.address, '--root', durable.root]);
    expect(finished.code).toBe(0);
    for (const { log } of durable.nodes) await log.waitFor('the cluster uses a newer format from now on');
    await write('after');
    await killAll(durable);
    const { extra = [] } = durable.nodes[0]!.options;
    const { code, output } = await refused(durable, extra, { formats: old });
    expect(code).toBe(1);
    expect(output).toMatch(
      new RegExp(`--data-dir .*: the cluster of the data uses format ${after}, and this version .* format ${before}`),
    );
    await restartAll(durable, durable.nodes, { formats: next });
    await durable.waitForInSync(durable.nodes.length);
    await using reader = await durable.connect();
    await written.expectAll(reader);
  },
  timeoutMs,
);
