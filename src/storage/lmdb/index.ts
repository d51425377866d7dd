/** The state of a node's replicas in LMDB. */
export { type LmdbOptions, openLmdb } from './lmdb-database.js';
