/** One storage node. */
export { DiskCalls } from './data/disk-calls.js';
export { KvNode } from './kv-node.js';
