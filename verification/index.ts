/** Public entry of the folder: histories of clients, and the checks of them. This folder does no I/O. */
export { checkHistory, type HistoryReport, isClean } from './check-history.js';
export {
  type Call,
  type CallPart,
  type CallResult,
  type Comparison,
  type FinalState,
  isAnswered,
  type KeyedCall,
  type Operation,
  type Outcome,
  type PlainCall,
  partsOf,
  writtenVersion,
} from './history.js';
