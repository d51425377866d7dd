/**
 * How well the machine treats a process that asks for nearly nothing: how late a timer of this one fires, and how much time
 * the hypervisor took away. What is late here was not kvnode's doing.
 */
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';

const everyMs = 20;
/** A timer so late is worth a line of its own. */
const remarkableMs = 100;
/** In the first line of /proc/stat, after its name: user nice system idle iowait irq softirq steal. */
const stealField = 7;

export interface Noise {
  /** The latest that a timer fired. */
  readonly latestMs: number;
  /** Of all processor time, in percent; 0 where it is not told. */
  readonly stolenPercent: number;
  readonly loadAverage: number;
}

export class MachineNoise {
  readonly #timer: NodeJS.Timeout;
  #latestMs = 0;
  #dueAtMs = performance.now() + everyMs;
  #ticks: readonly number[] = [];

  /** @param onLate a timer fired remarkably late. */
  constructor(onLate: (lateMs: number) => void) {
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      const lateMs = nowMs - this.#dueAtMs;
      this.#dueAtMs = nowMs + everyMs;
      this.#latestMs = Math.max(this.#latestMs, lateMs);
      if (lateMs > remarkableMs) onLate(lateMs);
    }, everyMs);
  }

  /** Since this was last asked. */
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

/** Empty where there is no such file: not on Linux. */
async function readTicks(): Promise<readonly number[]> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => '');
  const [first = ''] = text.split('\n');
  return first
    .split(/\s+/)
    .slice(1, stealField + 2)
    .map(Number);
}
