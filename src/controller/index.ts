/** The controller: who writes which nodes hold which shards, and when. */
export { Controller } from './controller.js';
