/** The log of a node: its form, and an output that a node never waits for. */
export { openOutput, writeWithin } from './descriptor.js';
export { LogOutput, type LogState } from './log-output.js';
export { createLogger } from './logger.js';
