/** The state of a node's replicas in PostgreSQL. */
export type { DatabaseIdentity } from './node-identity.js';
export { PostgresDatabase, type PostgresOptions } from './postgres-database.js';
