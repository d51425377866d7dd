/** Every goal, in the order in which they are measured. */
import { changesGoal } from './changes.js';
import { dump } from './dump.js';
import { expiry } from './expiry.js';
import { failover } from './failover.js';
import type { Goal } from './goal.js';
import { handoverGoal } from './handover.js';
import { idle } from './idle.js';
import { joiner } from './joiner.js';
import { memory } from './memory.js';
import { pauses } from './pauses.js';
import { recovery } from './recovery.js';
import { scan } from './scan.js';
import { serverGet, serverPut } from './server-calls.js';
import { shardFailover } from './shard-failover.js';
import { shardRates } from './shard-rates.js';
import { startUp } from './start-up.js';
import { stateStores } from './state-stores.js';

export const allGoals: readonly Goal[] = [
  serverGet,
  serverPut,
  joiner,
  recovery,
  dump,
  scan,
  memory,
  expiry,
  changesGoal,
  pauses,
  failover,
  handoverGoal,
  idle,
  shardFailover,
  shardRates,
  startUp,
  stateStores,
];
