/** Judges whether the node is live and ready, and reports it to gRPC health: on every change, and once a second. */
import type { Health } from './health-server.js';

export interface HealthMonitorOptions {
  health(): Health;
  report(health: Health): void;
}

/** Changes of replicas, nodes and placement are judged at once; what time alone changes is seen within this time. */
const judgeMs = 1_000;
/** Judging looks at every shard: a change waits for the next judgement if it comes within this many times the duration of the last. */
const restPerJudgement = 9;

export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  readonly #timer: NodeJS.Timeout;
  #restsUntilMs = 0;

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.judge(), judgeMs);
  }

  judge(): void {
    const beganMs = performance.now();
    this.#options.report(this.#options.health());
    const endedMs = performance.now();
    this.#restsUntilMs = endedMs + restPerJudgement * (endedMs - beganMs);
  }

  /** Judges, unless that was done a moment ago. */
  maybeJudge(): void {
    if (performance.now() >= this.#restsUntilMs) this.judge();
  }

  onConflict(): void {
    this.judge();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
