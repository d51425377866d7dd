/** Keys to shards, shards to nodes. Pure: imports nothing from outside this folder. */
export { decodePlacement, encodePlacement } from './encoding.js';
export { keyHash } from './key-hash.js';
export { shardOfKey, slotOfKey } from './key-slot.js';
export { place, placeInSteps } from './place.js';
export type { Placement, PlacementNode, PlacementRules } from './placement.js';
export type { Steps } from './steps.js';
