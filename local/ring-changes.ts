/** Describes changes of the ring for people: how many shards each node holds, and of how many it is primary. */
import type { Topology } from '../src/wire/contract/kv-api.js';

export class RingChanges {
  /** The share of each node in the previous topology. */
  #seen: ReadonlyMap<string, string> = new Map();
  /** The share of each node that was reported last. */
  #reported: ReadonlyMap<string, string> = new Map();

  /**
   * @returns a line for each node whose share has changed and was the same in two topologies in a row. So the steps of
   *   a move are not reported.
   */
  linesOf(topology: Topology): string[] {
    const now = sharesByNode(topology);
    const seen = this.#seen;
    this.#seen = now;
    const ids = new Set([...now.keys(), ...this.#reported.keys()]);
    const hasChanged = (id: string): boolean => now.get(id) === seen.get(id) && now.get(id) !== this.#reported.get(id);
    const changed = [...ids].filter(hasChanged);
    const reported = new Map(this.#reported);
    for (const id of changed) {
      const share = now.get(id);
      if (share === undefined) reported.delete(id);
      else reported.set(id, share);
    }
    this.#reported = reported;
    return changed.map((id) => `node ${id} ${now.get(id) ?? 'is gone'}`);
  }
}

function sharesByNode({ nodes, shards }: Topology): ReadonlyMap<string, string> {
  return new Map(
    nodes.map(({ id }) => {
      const held = shards.filter(({ replicas }) => replicas.some((one) => one.nodeId === id && one.inSync && one.live));
      const led = shards.filter(({ serving, primaryNodeId }) => serving && primaryNodeId === id);
      return [id, `holds ${held.length} of ${shards.length} shards, ${led.length} of them as primary`];
    }),
  );
}
