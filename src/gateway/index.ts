/** The HTTP API of a node. */
export { clusterRoutes } from './cluster-routes.js';
export { Gateway } from './gateway.js';
export { healthRoutes, type ReadinessSource } from './health-routes.js';
export { type KeyValues, keyRoutes, type Origin } from './key-routes.js';
export { type Metrics, metricsRoutes } from './metrics-routes.js';
