/** The HTTP API of a node. */
export { clusterRoutes } from './cluster/cluster-routes.js';
export { Gateway } from './gateway.js';
export { keyRoutes } from './keys/key-routes.js';
export type { KeyValues, Origin } from './keys/key-values.js';
export { type ScanKeys, scanRoutes } from './keys/scan-route.js';
export { healthRoutes, type ReadinessSource } from './routes/health-routes.js';
export { type Metrics, metricsRoutes } from './routes/metrics-routes.js';
