/** The counters and metrics of a node. */
export type { HeldReplica, NodeFacts } from './node-facts.js';
export { NodeMetrics } from './node-metrics.js';
export type { ApiCounts, Method, MethodCounts, OperationApi, OperationCounts } from './operation-counts.js';
export { residentBytes } from './resident-memory.js';
