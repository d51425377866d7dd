/** When nodes logged what, on the clock of `performance.now()`: nodes of this machine share its wall clock. */
import type { LogMatch } from '../../local/log-records.js';
import type { NodeProcess } from '../../local/node-process.js';

export class LogMoments {
  /** How much each node had logged when this began: what came before is not meant. */
  readonly #logged: ReadonlyMap<NodeProcess, number>;

  constructor(nodes: readonly NodeProcess[]) {
    this.#logged = new Map(nodes.map((node) => [node, node.log.count]));
  }

  /** The first record of the node that matches, written since; waits for it. @throws Error if there is no such node. */
  async of(nodeId: string, match: LogMatch): Promise<number> {
    const found = [...this.#logged].find(([node]) => node.id === nodeId);
    if (found === undefined) throw new Error(`${nodeId} is none of the nodes that were started`);
    const [node, since] = found;
    const { time } = await node.log.waitFor(match, { since });
    return Number(time) - performance.timeOrigin;
  }
}
