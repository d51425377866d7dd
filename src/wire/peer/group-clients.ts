/** The clients that a group of entries names once, so that each of its entries needs only a small number for its client (R16). */
import type { LogEntry } from '../../replication/index.js';

/** The most clients that a group names. An entry of any other client names its client itself. */
const mostClients = 8;

const noClients: readonly string[] = [];

export class GroupClients {
  readonly ids: readonly string[];
  /** The index that was found last: nearly always that of the next entry as well. */
  #last = 0;

  /** Collects the clients of the entries from the index `first` on. */
  constructor(entries: readonly LogEntry[], first: number) {
    // A list that is made with its first item takes less memory than one that grows from nothing.
    let ids: string[] | undefined;
    let last: string | undefined;
    for (let at = first; at < entries.length; at++) {
      const client = entries[at]!.request?.client;
      if (client === undefined || client === last) continue;
      last = client;
      if (ids === undefined) ids = [client];
      else if (ids.length < mostClients && !ids.includes(client)) ids.push(client);
    }
    this.ids = ids ?? noClients;
  }

  /** @returns a negative number if the group does not name the client */
  indexOf(client: string): number {
    if (this.ids[this.#last] === client) return this.#last;
    const index = this.ids.indexOf(client);
    if (index >= 0) this.#last = index;
    return index;
  }
}
