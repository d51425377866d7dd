import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest; begun last, they would keep one worker busy while the others have nothing left to do. */
const longest = [
  ...[
    'cluster/all-gone',
    'cluster/exactly-once',
    'cluster/failover',
    'cluster/lost-history',
    'cluster/planned-stop',
    'cluster/start-up',
    'cluster/upgrade',
  ],
  ...[
    'long/exactly-once',
    'long/faults',
    'long/moves-under-faults',
    'long/zookeeper-outage',
    'long/placement',
    'long/log-output',
  ],
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      longest.some((name) => moduleId.endsWith(`/test/${name}.test.ts`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** Tests without processes of their own. */
function alone(
  name: string,
  groupOrder: number,
  files: { readonly include: string[]; readonly exclude?: string[]; readonly isolate?: boolean },
) {
  // A machine that is busy with other work may take ten times as long; what hangs is still found.
  const maxWorkers = availableParallelism();
  return { extends: true as const, test: { name, testTimeout: 60_000, maxWorkers, sequence: { groupOrder }, ...files } };
}

/** Tests on real processes and a real ZooKeeper. */
function onProcesses(name: string, groupOrder: number, include: string[]) {
  return {
    extends: true as const,
    test: {
      name,
      include,
      sequence: { groupOrder },
      globalSetup: ['test/cluster/zookeeper.setup.ts'],
      // They wait for time-outs more than they compute.
      maxWorkers: availableParallelism() + 1,
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  };
}

const variants = 'test/unit/variants/**/*.test.ts';

/** `npm test` runs the first three projects, `npm run test:long` the others. Those that take every core have a group of their own. */
export default defineConfig({
  test: {
    // The native ZooKeeper client may be loaded in one thread of a process only.
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    projects: [
      alone('unit', 0, {
        include: ['{src,bench,local,verification,simulation,faults}/**/*.test.ts', 'test/{unit,structure}/**/*.test.ts'],
        exclude: [variants],
        // The files share the modules of a worker: loading them anew for each file would take as long as the tests.
        isolate: false,
      }),
      alone('simulation', 1, { include: ['test/simulation/**/*.test.ts', 'test/shell/schedules.test.ts'] }),
      onProcesses('cluster', 2, ['test/cluster/**/*.test.ts']),
      alone('variants', 3, { include: [variants, 'test/shell/variants.test.ts'] }),
      alone('long-simulation', 4, { include: ['test/long/simulation/**/*.test.ts'] }),
      onProcesses('long', 5, ['test/long/*.test.ts']),
    ],
  },
});
