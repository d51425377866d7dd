/** Every goal, in the order in which they are measured. */
import { failover } from './failover.js';
import type { Goal } from './goal.js';
import { handover } from './handover.js';

export const allGoals: readonly Goal[] = [failover, handover];
