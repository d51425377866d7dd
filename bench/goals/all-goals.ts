/** Every goal, in the order in which they are measured. */
import type { Goal } from './goal.js';

export const allGoals: readonly Goal[] = [];
