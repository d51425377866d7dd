/** A log whose threads are the test's own, and what a test appends to it. */
import { createHash } from 'node:crypto';
import {
  type Journal,
  type LogFiles,
  type LoggedRecord,
  type LoggedReplica,
  type LogOptions,
  type LogOutcome,
  type LogPlace,
  LogScan,
  openLog,
  type WriteAheadLog,
} from './index.js';
import { realFiles } from './log-files.js';
import { executeLogJob } from './log-jobs.js';
import type { LogThread } from './log-thread.js';

/** With 4 KiB for records. */
export const segmentBytes = 8 * 1024;
export const owner = { clusterId: 'cluster', nodeId: 'node' };
export const folder = '/data/wal';
const checkpointType = 9;

/** Executes each job in a turn of its own. */
export function threadOn(files: LogFiles): LogThread {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run: (job) => {
      const result = last.then(() => new Promise((resolve) => setImmediate(resolve))).then(() => executeLogJob(files, job));
      last = result.catch(() => {});
      return result;
    },
    oldestJobMs: undefined,
    end: async () => void (await last),
  };
}

/** The real files, which note their writes and flushes. */
export function notingFiles(operations: ('write' | 'flush')[]): LogFiles {
  return {
    ...realFiles,
    write: (...args) => {
      operations.push('write');
      return realFiles.write(...args);
    },
    flush: (file) => {
      operations.push('flush');
      realFiles.flush(file);
    },
  };
}

export function replicaOf(shard: number, mint = 0): LoggedReplica {
  return { shard, id: createHash('sha256').update(`${shard}/${mint}`).digest('hex').slice(0, 16) };
}

/** Bytes without zeros, so that a lost sector is seen as lost. */
export function payloadOf(text: string, bytes = text.length): Buffer {
  return Buffer.alloc(bytes, text);
}

export interface FoundRecord extends LoggedReplica, Pick<LoggedRecord, 'segment' | 'type' | 'end'> {
  readonly payload: string;
}

export interface ScannedLog {
  readonly scan: LogScan;
  readonly outcome: LogOutcome;
  /** Without those of checkpoints. */
  readonly records: readonly FoundRecord[];
  readonly checkpoints: readonly FoundRecord[];
}

export function scanAll(files: LogFiles, place: Partial<LogPlace> = {}): ScannedLog {
  const scan = new LogScan({ folder, owner, files, ...place });
  const found: FoundRecord[] = [];
  for (const { segment, replica, type, end, payload } of scan.records()) {
    found.push({ segment, ...replica, type, end, payload: payload.toString() });
  }
  const isCheckpoint = ({ type }: FoundRecord): boolean => type === checkpointType;
  const records = found.filter((record) => !isCheckpoint(record));
  return { scan, outcome: scan.outcome, records, checkpoints: found.filter(isCheckpoint) };
}

/** A log in which every replica that has a journal writes one record to each checkpoint. */
export class TestLog {
  readonly log: WriteAheadLog;
  readonly #journals: Map<LoggedReplica, Journal>;

  private constructor(log: WriteAheadLog, journals: Map<LoggedReplica, Journal>) {
    this.log = log;
    this.#journals = journals;
  }

  static async open(
    files: LogFiles,
    options: Partial<LogOptions> = {},
    live: readonly LoggedReplica[] = [],
    place: Partial<LogPlace> = {},
  ): Promise<TestLog> {
    const { scan } = scanAll(files, place);
    const journals = new Map<LoggedReplica, Journal>();
    const checkpoint: LogOptions['checkpoint'] = (write) => {
      for (const journal of journals.values()) write(journal, checkpointType, payloadOf(`shard ${journal.replica.shard}`));
    };
    const startThread = () => threadOn(files);
    const log = await openLog(scan, live, { segmentBytes, checkpoint, startThread, ...options });
    for (const replica of live) journals.set(replica, log.journal(replica));
    return new TestLog(log, journals);
  }

  journal(replica: LoggedReplica): Journal {
    const journal = this.log.journal(replica);
    this.#journals.set(replica, journal);
    return journal;
  }
}
