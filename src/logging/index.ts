/** The log of a node: its format, and an output that the node never waits for. */
export { openOutput, writeWithin } from './descriptor.js';
export { LogOutput, type LogState } from './log-output.js';
export { createLogger } from './logger.js';
