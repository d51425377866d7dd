/** The applied state of a node's replicas in a database. */
export type { DatabaseEngine } from './database-engine.js';
export { type CommitReport, DatabaseWriter } from './database-writer.js';
export type { AppliedSource, EngineLog } from './engine-parts.js';
export { type CopyName, type CopyPosition, DatabaseError, type FoundCopy, type StateDatabase } from './state-database.js';
