/** One storage node. */
export { KvNode } from './kv-node.js';
export type { NodeOptions } from './options.js';
