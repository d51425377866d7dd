/** Keys to shards, shards to nodes. Pure: imports nothing from outside this folder. */
export { keyHash, shardOfKey } from './key-hash.js';
