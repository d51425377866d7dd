/** The applied state of a node's replicas in a database. */
export type { AppliedSource, DatabaseEngine, EngineLog } from './database-engine.js';
export { type CommitReport, DatabaseWriter } from './database-writer.js';
export { type CopyName, type CopyPosition, DatabaseError, type FoundCopy, type StateDatabase } from './state-database.js';
