/** The metrics of the log on disk: how long its flushes take, how much each of them covers, and what is read for other replicas. */
import { Counter, Histogram, type Registry } from 'prom-client';

/** In seconds, from a disk with a protected cache up to one that is about to hang. */
const durationBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** From one small batch up to several large ones, which share a flush of an interval. */
const sizeBuckets = Array.from({ length: 9 }, (_, index) => 1_024 * 4 ** index);

export class DiskMetrics {
  readonly #duration: Histogram;
  readonly #bytes: Histogram;
  readonly #entriesRead: Counter;

  constructor(registers: Registry[]) {
    const name = 'kvnode_disk_flush_duration_seconds';
    this.#duration = new Histogram({ name, help: 'Time of a flush of the log', buckets: durationBuckets, registers });
    const help = 'Bytes of the log that a flush made durable';
    this.#bytes = new Histogram({ name: 'kvnode_disk_flush_bytes', help, buckets: sizeBuckets, registers });
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

  /** Entries of the log were read for a replica that lacked them. */
  entriesRead(count: number): void {
    this.#entriesRead.inc(count);
  }
}
