/**
 * The times of log records of nodes, on the clock of `performance.now()`. The nodes share the wall clock of this
 * machine.
 */
import type { LogMatch } from '../../local/log-records.js';
import type { NodeProcess } from '../../local/node-process.js';

export class LogMoments {
  /** The number of records of each node when this was created. Earlier records are ignored. */
  readonly #logged: ReadonlyMap<NodeProcess, number>;

  constructor(nodes: readonly NodeProcess[]) {
    this.#logged = new Map(nodes.map((node) => [node, node.log.count]));
  }

  /** Waits for the first later record of the node that matches. @throws Error if there is no such node */
  async of(nodeId: string, match: LogMatch): Promise<number> {
    const found = [...this.#logged].find(([node]) => node.id === nodeId);
    if (found === undefined) throw new Error(`${nodeId} is not one of the started nodes`);
    const [node, since] = found;
    const { time } = await node.log.waitFor(match, { since });
    return Number(time) - performance.timeOrigin;
  }
}
