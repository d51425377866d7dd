import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest; begun last, they would keep one worker busy while the others have nothing left to do. */
const longest = ['faults', 'moves-under-faults', 'zookeeper-outage', 'failover', 'placement'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      longest.some((name) => moduleId.endsWith(`/test/cluster/${name}.test.ts`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    // The native ZooKeeper client may be loaded in one thread of a process only.
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // A machine that is busy with other work may take ten times as long; what hangs is found all the same.
          testTimeout: 60_000,
          include: ['{src,bench,local,verification,simulation,faults}/**/*.test.ts', 'test/unit/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          // It takes every core there is.
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          // They wait for time-outs more than they work.
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          globalSetup: ['test/cluster/zookeeper.setup.ts'],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
