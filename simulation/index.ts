/** Simulation of whole clusters, from a seed. Pure: no I/O, no clock, no chance but the seed's. */
export { type Plan, planOf } from './plan.js';
export { type RunOptions, type RunResult, run } from './schedule.js';
export { scriptOf } from './script.js';
export { shrink } from './shrink.js';
