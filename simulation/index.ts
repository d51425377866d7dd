/** Simulation of whole clusters, from a seed. Pure: no I/O, no clock, no chance but the seed's. */
export { planOf } from './plan/plan.js';
export { type RunResult, runPlan } from './schedule/schedule.js';
