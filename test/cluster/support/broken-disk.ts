/** Clusters whose disks fail, hang or are full on order (`faults/disk/break-disk.ts`). */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import type { LocalCluster, LocalClusterOptions } from '../../../local/local-cluster.js';
import type { NodeProcess } from '../../../local/node-process.js';
import { startDurable, temporaryFolder } from './durable-cluster.js';
import { patienceMs } from './lost-history.js';

const preload = join(import.meta.dirname, '../../../dist/faults/disk/break-disk.js');

/** The orders for the disks of all nodes of a cluster. */
export class DiskOrders {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The parts of paths are those in the data directory of the node. They replace the orders before. */
  async give(node: NodeProcess, order: 'fail' | 'hang' | 'full', ...parts: readonly string[]): Promise<void> {
    await rm(`${this.#path}.obeyed`, { force: true });
    await writeFile(this.#path, parts.map((part) => `${order} /${node.id}/${part}\n`).join(''));
  }

  /** Resolves once a disk has obeyed an order that was given last. */
  async obeyed(): Promise<void> {
    await expect.poll(() => existsSync(`${this.#path}.obeyed`), { timeout: patienceMs }).toBe(true);
  }

  async withdraw(): Promise<void> {
    await rm(this.#path);
  }
}

export async function startBreakable(
  options: LocalClusterOptions,
): Promise<{ readonly cluster: LocalCluster; readonly orders: DiskOrders }> {
  if (!existsSync(preload)) throw new Error(`${preload} is not built: run npm run build`);
  const path = join(await temporaryFolder(), 'orders');
  const launcher = ['env', `KVNODE_BREAK_DISK=${path}`];
  const nodeOptions = ['--import', pathToFileURL(preload).href];
  return { cluster: await startDurable({ ...options, launcher, nodeOptions }), orders: new DiskOrders(path) };
}
