/** Watches the logs of all nodes for signs of trouble, prints each sign, and counts them. */
import type { NodeProcess } from '../../local/node-process.js';
import { type Sign, signOf } from './signs.js';

export class LogWatch {
  /** The number of signs, by weight. */
  incidents = 0;
  hints = 0;
  readonly #print: (line: string) => void;
  #over = false;

  constructor(nodes: readonly NodeProcess[], print: (line: string) => void) {
    this.#print = print;
    nodes.forEach((node, index) => {
      const name = `node ${index + 1}, ${node.address}`;
      node.log.onRecord((record) => {
        const sign = signOf(record, nodes.length);
        if (sign !== undefined) this.#note(name, sign, Number(record.time));
      });
      void node.exited.then(({ code, signal }) =>
        this.#note(name, { weight: 'incident', what: `ended with ${signal ?? `exit code ${code}`}` }, Date.now()),
      );
    });
  }

  /** Stops the watch, since the end of the cluster causes signs as well. */
  stop(): void {
    this.#over = true;
  }

  #note(name: string, { weight, what }: Sign, atMs: number): void {
    if (this.#over) return;
    if (weight === 'incident') this.incidents += 1;
    else this.hints += 1;
    this.#print(`${new Date(atMs).toISOString().slice(11, 23)}  ${weight.toUpperCase()}: ${name} ${what}`);
  }
}
