/** Public entry of the folder: histories of clients, and the checks of them. This folder does no I/O. */
export { checkHistory, type HistoryReport, isClean } from './check-history.js';
export type {
  Call,
  FinalState,
  Operation,
  Outcome,
  PlainCall,
} from './history.js';
