import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The native ZooKeeper client may be loaded in one thread of a process only.
    pool: 'forks',
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
