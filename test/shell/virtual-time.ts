/**
 * Simulated time for the real shell: every timer of this process runs on one virtual clock, and belongs to the
 * simulated process that set it. A process can stall, which delays its callbacks until it resumes, and crash, which
 * drops them.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { vi } from 'vitest';

/** One process of the simulated cluster. */
export class SimulatedProcess {
  readonly name: string;
  #state: 'running' | 'stalled' | 'dead' = 'running';
  #heldBack: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get isAlive(): boolean {
    return this.#state !== 'dead';
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  stall(): void {
    if (this.#state === 'running') this.#state = 'stalled';
  }

  /** Runs all delayed callbacks, in their order. */
  goOn(): void {
    if (this.#state !== 'stalled') return;
    this.#state = 'running';
    const heldBack = this.#heldBack;
    this.#heldBack = [];
    for (const work of heldBack) this.run(work);
  }

  crash(): void {
    this.#state = 'dead';
    this.#heldBack = [];
  }

  /** Runs work of this process: now, when it resumes, or never. */
  run(work: () => void): void {
    if (this.#state === 'stalled') this.#heldBack.push(work);
    else if (this.#state === 'running') current.run(this, work);
  }
}

const current = new AsyncLocalStorage<SimulatedProcess>();

/** The process whose code runs now. */
export function currentProcess(): SimulatedProcess {
  const process = current.getStore();
  if (process === undefined) throw new Error('this code belongs to no simulated process');
  return process;
}

/** A timer outside the processes, which fires even if they stall or crash. */
export function worldTimer(work: () => void, delayMs: number): void {
  current.exit(() => setTimeout(work, delayMs));
}

/** Starts something that resolves later, as this process. */
export function asProcess<T>(process: SimulatedProcess, work: () => Promise<T>): Promise<T> {
  return current.run(process, work);
}

type AnyFunction = (...parameters: unknown[]) => unknown;

/** The timers of this process run on simulated time until `endVirtualTime`. */
export function beginVirtualTime(): void {
  vi.useFakeTimers({ now: 0 });
  const globals = globalThis as unknown as Record<string, AnyFunction>;
  for (const name of ['setTimeout', 'setInterval', 'setImmediate']) {
    const original = globals[name]!;
    globals[name] = (callback, ...parameters) => {
      const owner = current.getStore();
      const own = owner === undefined ? callback : (...given: unknown[]) => owner.run(() => (callback as AnyFunction)(...given));
      return original(own, ...parameters);
    };
  }
}

export function endVirtualTime(): void {
  vi.useRealTimers();
}

/** The exports of `node:timers/promises`, on simulated time. */
export const promisedTimers = {
  setTimeout: <T>(delayMs?: number, value?: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value as T), delayMs)),
  setImmediate: <T>(value?: T) => new Promise<T>((resolve) => setImmediate(() => resolve(value as T))),
};

/** Lets this much simulated time pass, in steps small enough for promises to settle in between. */
export function advance(ms: number): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(ms);
}
