/** The HTTP API of a node. */
export { clusterRoutes } from './cluster/cluster-routes.js';
export { Gateway } from './gateway.js';
export { type KeyValues, keyRoutes, type Origin } from './keys/key-routes.js';
export { healthRoutes, type ReadinessSource } from './routes/health-routes.js';
export { type Metrics, metricsRoutes } from './routes/metrics-routes.js';
