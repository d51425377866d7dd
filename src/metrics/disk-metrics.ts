/**
 * The metrics of the log on disk, and of the database behind it: how long flushes and commits take, how much each of them covers, and what
 * is read of the log for other replicas.
 */
import { Counter, Histogram, type Registry } from 'prom-client';

/** In seconds, from a disk with a protected cache up to one that is about to hang. */
const durationBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** From one small batch up to several large ones, which share a flush of an interval. */
const sizeBuckets = Array.from({ length: 9 }, (_, index) => 1_024 * 4 ** index);

/** From a single write up to a commit of the largest size. */
const rowBuckets = Array.from({ length: 9 }, (_, index) => 4 ** index);

export class DiskMetrics {
  readonly #duration: Histogram;
  readonly #bytes: Histogram;
  readonly #commitDuration: Histogram;
  readonly #commitRows: Histogram;
  readonly #entriesRead: Counter;

  constructor(registers: Registry[]) {
    const name = 'kvnode_disk_flush_duration_seconds';
    this.#duration = new Histogram({ name, help: 'Time of a flush of the log', buckets: durationBuckets, registers });
    const help = 'Bytes of the log that a flush made durable';
    this.#bytes = new Histogram({ name: 'kvnode_disk_flush_bytes', help, buckets: sizeBuckets, registers });
    this.#commitDuration = new Histogram({
      name: 'kvnode_state_commit_duration_seconds',
      help: 'Time of a commit to the database, with its flush and all attempts',
      buckets: durationBuckets,
      registers,
    });
    this.#commitRows = new Histogram({
      name: 'kvnode_state_commit_rows',
      help: 'Rows that a commit to the database has written or deleted',
      buckets: rowBuckets,
      registers,
    });
    this.#entriesRead = new Counter({
      name: 'kvnode_disk_entries_read_total',
      help: 'Entries that were read from the log on disk for replicas that lacked them',
      registers,
    });
  }

  flushed(durationMs: number, bytes: number): void {
    this.#duration.observe(durationMs / 1_000);
    this.#bytes.observe(bytes);
  }

  /** The database has executed and flushed a commit. */
  committed(durationMs: number, rows: number): void {
    this.#commitDuration.observe(durationMs / 1_000);
    this.#commitRows.observe(rows);
  }

  /** Entries of the log were read for a replica that lacked them. */
  entriesRead(count: number): void {
    this.#entriesRead.inc(count);
  }
}
