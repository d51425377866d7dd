/** Data on disk whose replicas are in a database. */
import { pino } from 'pino';
import type { StateDatabase } from '../../storage/database/index.js';
import { DatabaseStates } from './database-states.js';
import { smallLog } from './disk-data.fixture.js';

const mebibyte = 1024 * 1024;

/** @param maxOverlayBytes bytes that may wait for the database */
export function optionsOver(database: StateDatabase, maxOverlayBytes = 64 * mebibyte) {
  const states = { database, kind: 'postgres' as const, maxOverlayBytes, logger: pino({ level: 'silent' }) };
  return { ...smallLog, openStates: async () => new DatabaseStates(states) };
}
