/**
 * Clients that put and get the same few keys without pause, half of the time with several operations on one key at
 * once. The history of all operations is for the checker of verification/.
 */
import { KvError } from '../../../src/errors.js';
import type { KvClient } from '../../../src/index.js';
import type { Call, FinalState, Operation, Outcome } from '../../../verification/index.js';

export interface RecordedLoadOptions {
  readonly workers: number;
  readonly keys: number;
}

/** The deadline of an operation: long enough for a move or a failover on a busy machine. */
const deadlineMs = 20_000;
/** The pause between operations. Without it the histories of keys would get long, and longer ones prove no more. */
const restMs = 5;
/** The number of operations that one worker has in flight on one key. */
const mostAtOnce = 3;

export class RecordedLoad {
  readonly history: Operation[] = [];
  readonly #client: KvClient;
  readonly #keys: readonly string[];
  readonly #running: Promise<void>[];
  #stopping = false;
  #values = 0;

  constructor(client: KvClient, { workers, keys }: RecordedLoadOptions) {
    this.#client = client;
    this.#keys = Array.from({ length: keys }, (_, index) => `shared-${index}`);
    this.#running = Array.from({ length: workers }, (_, worker) => this.#work(`worker-${worker}`, worker));
  }

  /** Waits until `count` more operations have been answered, which proves service without a clock. */
  async answers(count: number): Promise<void> {
    const isAnswer = ({ outcome }: Operation): boolean => outcome.kind !== 'refused' && outcome.kind !== 'unknown';
    let left = count;
    for (let next = this.history.length; left > 0; next++) {
      while (next >= this.history.length) await new Promise((resolve) => setTimeout(resolve, restMs));
      if (isAnswer(this.history[next]!)) left--;
    }
  }

  /** Ends the load and reads every key once more. These reads are in the history as well. */
  async stop(): Promise<FinalState> {
    this.#stopping = true;
    await Promise.all(this.#running);
    const final = new Map<string, { value: string; version: number } | undefined>();
    for (const key of this.#keys) {
      const outcome = await this.#call('reader', key, { kind: 'get' });
      if (outcome.kind === 'found') final.set(key, { value: outcome.value, version: outcome.version });
      else if (outcome.kind === 'missing') final.set(key, undefined);
      else throw new Error(`${key} cannot be read at the end: ${JSON.stringify(outcome)}`);
    }
    return final;
  }

  async #work(client: string, worker: number): Promise<void> {
    for (let turn = worker; !this.#stopping; turn++) {
      const key = this.#keys[turn % this.#keys.length]!;
      const count = turn % 2 === 0 ? 1 : mostAtOnce;
      await Promise.all(
        Array.from({ length: count }, (_, place) => {
          const isPut = (turn + worker + place) % 2 === 0;
          return this.#call(
            `${client}.${place}`,
            key,
            isPut ? { kind: 'put', value: `value-${++this.#values}` } : { kind: 'get' },
          );
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
  }

  async #call(client: string, key: string, call: Call): Promise<Outcome> {
    const invokedAtUs = nowUs();
    const outcome = await this.#outcomeOf(key, call);
    this.history.push({ client, key, call, invokedAtUs, returnedAtUs: nowUs(), outcome });
    return outcome;
  }

  async #outcomeOf(key: string, call: Call): Promise<Outcome> {
    try {
      if (call.kind === 'put') {
        const { version } = await this.#client.put(key, call.value, { deadlineMs });
        return { kind: 'written', version };
      }
      const found = await this.#client.get(key, { deadlineMs });
      if (found === undefined) return { kind: 'missing' };
      return { kind: 'found', value: found.value.toString(), version: found.version };
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
      return { kind: error.executed === 'no' ? 'refused' : 'unknown', code: error.code };
    }
  }
}

function nowUs(): number {
  return Math.round(performance.now() * 1_000);
}
