/** The metrics of scans that this node serves. */
import { Counter, Gauge, type Registry } from 'prom-client';

export class ScanMetrics {
  readonly #scans: Counter<'code'>;
  readonly #pages: Counter;
  readonly #keys: Counter;
  readonly #open: Gauge;

  constructor(registers: Registry[]) {
    this.#scans = new Counter({
      name: 'kvnode_scans_total',
      help: 'Scans that have ended, by code: OK, or that of an error',
      labelNames: ['code'],
      registers,
    });
    this.#scans.inc({ code: 'OK' }, 0);
    this.#pages = new Counter({ name: 'kvnode_scan_pages_total', help: 'Pages that scans have read', registers });
    this.#keys = new Counter({ name: 'kvnode_scan_keys_total', help: 'Keys on these pages', registers });
    this.#open = new Gauge({ name: 'kvnode_scans_open', help: 'Scans that are under way', registers });
  }

  /** A scan has ended. @param failure its error; undefined: it ended without an error */
  scan(failure: string | undefined): void {
    this.#scans.inc({ code: failure ?? 'OK' });
  }

  page(keys: number): void {
    this.#pages.inc();
    this.#keys.inc(keys);
  }

  /** @param open the number of scans that are under way */
  set(open: number): void {
    this.#open.set(open);
  }
}
