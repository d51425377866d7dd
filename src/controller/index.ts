/** The controller: the elected node that computes and writes `placement`. */
export { Controller } from './controller.js';
