/**
 * Measures disturbances of the machine with a nearly idle process: the delay of its timer, and the processor time that
 * the hypervisor took away. kvnode does not cause these delays.
 */
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';

const everyMs = 20;
/** A timer that is at least this late is reported. */
const remarkableMs = 100;
/** The index in the first line of /proc/stat, after its name: user nice system idle iowait irq softirq steal. */
const stealField = 7;

export interface Noise {
  /** The longest delay of the timer. */
  readonly latestMs: number;
  /** The stolen share of all processor time in percent; 0 if the system does not report it. */
  readonly stolenPercent: number;
  readonly loadAverage: number;
}

export class MachineNoise {
  readonly #timer: NodeJS.Timeout;
  #latestMs = 0;
  #dueAtMs = performance.now() + everyMs;
  #ticks: readonly number[] = [];

  /** @param onLate receives each delay of at least `remarkableMs` */
  constructor(onLate: (lateMs: number) => void) {
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      const lateMs = nowMs - this.#dueAtMs;
      this.#dueAtMs = nowMs + everyMs;
      this.#latestMs = Math.max(this.#latestMs, lateMs);
      if (lateMs > remarkableMs) onLate(lateMs);
    }, everyMs);
  }

  /** The noise since the last call. */
  async take(): Promise<Noise> {
    const latestMs = this.#latestMs;
    this.#latestMs = 0;
    const before = this.#ticks;
    this.#ticks = await readTicks();
    const spent = this.#ticks.map((ticks, index) => ticks - (before[index] ?? 0));
    const all = spent.reduce((sum, ticks) => sum + ticks, 0);
    const stolenPercent = all === 0 ? 0 : (100 * (spent[stealField] ?? 0)) / all;
    return { latestMs, stolenPercent, loadAverage: loadavg()[0]! };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** The counters of /proc/stat; empty on systems without this file. */
async function readTicks(): Promise<readonly number[]> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => '');
  const [first = ''] = text.split('\n');
  return first
    .split(/\s+/)
    .slice(1, stealField + 2)
    .map(Number);
}
