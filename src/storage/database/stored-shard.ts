/** Where the state of a shard is read: in the overlay, and below it in the database. */
import type { Lane } from './lane.js';
import type { Overlay } from './overlay.js';
import type { PersistentCalls } from './persistent-calls.js';
import type { StateDatabase } from './state-database.js';

export interface StoredShard {
  readonly database: StateDatabase;
  readonly lane: Lane;
  readonly overlay: Overlay;
  readonly reads: PersistentCalls;
}
