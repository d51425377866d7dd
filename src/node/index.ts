/** One storage node. */
export { KvNode } from './kv-node.js';
