/**
 * Starts one ZooKeeper for all cluster tests of a run. Each test works below a root of its own. `inject('zk')` has the
 * address.
 */
import type { TestProject } from 'vitest/node';
import { startZooKeeper } from '../../local/zookeeper.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** host:port. */
    zk: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const zookeeper = await startZooKeeper();
  project.provide('zk', zookeeper.address);
  return () => zookeeper.stop();
}
