/** A thread of the database. */
import { parentPort } from 'node:worker_threads';
import { serveLmdb } from './lmdb-jobs.js';

serveLmdb(parentPort!);
