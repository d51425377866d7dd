/** What changed on the ring, in lines for people: which node holds and leads how many shards. */
import type { Topology } from '../src/wire/contract/kv-api.js';

export class RingChanges {
  /** As last seen and as last told, by node. */
  #seen: ReadonlyMap<string, string> = new Map();
  #told: ReadonlyMap<string, string> = new Map();

  /** @returns a line for each node of which something new holds for two looks in a row: not every step of a move is news. */
  linesOf(topology: Topology): string[] {
    const now = sharesByNode(topology);
    const seen = this.#seen;
    this.#seen = now;
    const ids = new Set([...now.keys(), ...this.#told.keys()]);
    const isNews = (id: string): boolean => now.get(id) === seen.get(id) && now.get(id) !== this.#told.get(id);
    const news = [...ids].filter(isNews);
    const told = new Map(this.#told);
    for (const id of news) {
      const share = now.get(id);
      if (share === undefined) told.delete(id);
      else told.set(id, share);
    }
    this.#told = told;
    return news.map((id) => `node ${id} ${now.get(id) ?? 'is gone'}`);
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
