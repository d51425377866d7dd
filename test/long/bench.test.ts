import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BenchResult } from '../../bench/result.js';
import { endWithThisProcess } from '../../local/lifeline.js';
import { programPath, toolEnvironment } from '../../local/programs.js';
import { startCluster } from '../cluster/support/cluster.js';

/** The time before the failover, so that the charts have some points of it. */
const beforeFailoverMs = 500;

test('kvbench through a failover: the report has the outage, the change of primary and the counts', async () => {
  await using cluster = await startCluster();
  const folder = await mkdtemp(join(tmpdir(), 'kvbench-'));
  try {
    const reportFile = join(folder, 'report.html');
    const running = bench(['--zk', cluster.zookeeper.address, '--root', cluster.root, '--report', reportFile]);
    await using client = await cluster.connect();
    // The first key is popular, and its first version is written before the measurement.
    while (((await client.get('kvbench:0'))?.version ?? 0) < 5) await pause(20);
    await pause(beforeFailoverMs);
    const killed = await cluster.primary();
    await killed.kill();
    const { stdout, stderr, code } = await running;
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout) as BenchResult;
    expect(result.outages).toHaveLength(1);
    expect(result.verification?.passed).toBe(true);
    const [outage] = result.outages;
    const [change] = result.primaryChanges;
    expect(outage!.primaryBefore).toBe(killed.id);
    expect(stderr).toContain('no operation succeeded for');
    expect(stderr).not.toContain('\x1b');

    const page = await readFile(reportFile, 'utf8');
    const data = JSON.parse(/id="data">(.*)<\/script>/.exec(page)![1]!);
    expect(data.outages).toEqual([
      { from: outage!.fromMs / 1_000, to: expect.closeTo((outage!.fromMs + outage!.durationMs) / 1_000) },
    ]);
    expect(data.changes[0]).toEqual({ at: change!.atMs / 1_000, label: `${change!.before} → ${change!.after}` });
    expect(page).toContain(`<td>no operation succeeded</td><td>${outage!.durationMs.toFixed(0)} ms</td><td>${killed.id}</td>`);
    const [reads, writes] = data.charts[0].lines.map(({ values }: { values: number[] }) => values);
    const within = Math.ceil(outage!.fromMs / 100);
    expect([reads[within], writes[within]]).toEqual([0, 0]);
    // Each point is a tenth of a second. Only the last one has no rate.
    const charted = reads.reduce((sum: number, rate: number | null) => sum + (rate ?? 0) / 10, 0);
    expect(charted / result.reads.succeeded).toBeGreaterThan(0.9);
    expect(charted / result.reads.succeeded).toBeLessThanOrEqual(1.001);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('kvbench --rate while the primary is frozen: the percentiles include the freeze, and the report explains that', async () => {
  await using cluster = await startCluster();
  const folder = await mkdtemp(join(tmpdir(), 'kvbench-'));
  try {
    const reportFile = join(folder, 'report.html');
    const target = ['--zk', cluster.zookeeper.address, '--root', cluster.root];
    const running = bench([...target, '--rate', '400', '--report', reportFile]);
    await using client = await cluster.connect();
    while (((await client.get('kvbench:0'))?.version ?? 0) < 5) await pause(20);
    const frozen = await cluster.primary();
    frozen.freeze();
    const { stdout, stderr, code } = await running;
    frozen.thaw();
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout) as BenchResult;
    expect(result).toMatchObject({ loop: 'open', workload: { rate: 400 }, schedule: { scheduled: 2_000, neverSent: 0 } });
    const { reads, writes, outages } = result;
    expect(reads.succeeded + writes.succeeded + reads.failed + writes.failed).toBe(2_000);
    const longestMs = Math.max(...outages.map(({ durationMs }) => durationMs));
    // A hundredth of all reads were due within the first 50 ms of the outage. Writes that reached the frozen primary
    // fail instead.
    expect(longestMs).toBeGreaterThan(0);
    expect(reads.latencyMs!.p999).toBeGreaterThan(longestMs * 0.7);
    expect(reads.latencyMs!.p99).toBeGreaterThan(longestMs * 0.7);
    expect(await readFile(reportFile, 'utf8')).toContain(
      '<p>Open loop at 400 operations/s: 2000 scheduled; latencies count from',
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('kvbench - refuses a report file that cannot be written before the measurement', async () => {
  const { stderr, code } = await bench(['--nodes', '127.0.0.1:1', '--report', join(tmpdir(), 'no such folder', 'report.html')]);
  expect(code).toBe(2);
  expect(stderr).toContain('--report: "');
});

async function bench(words: readonly string[]): Promise<{ stdout: string; stderr: string; code: number | null }> {
  const usual = ['--threads', '2', '--duration', '5', '--keyspace', '100', '--distribution', 'zipf', '--verify', '--json'];
  const child = spawn(process.execPath, [programPath('kvbench'), ...usual, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: toolEnvironment(),
    detached: true,
  });
  endWithThisProcess(child);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { stdout, stderr, code: code as number | null };
}
