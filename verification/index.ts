/** Public entry of the folder: histories of clients, and what can be said about them. Nothing here does any I/O. */
export { checkHistory, type HistoryReport, isClean } from './check-history.js';
export type { Call, FinalState, Operation, Outcome } from './history.js';
