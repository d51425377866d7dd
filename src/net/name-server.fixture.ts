/** A resolver for tests, whose look-ups end when the test answers them. */
import { Resolver } from './resolver.js';

interface OpenLookUp {
  readonly name: string;
  readonly resolve: (addresses: readonly string[]) => void;
  readonly reject: (error: Error) => void;
}

/** Allows look-ups of one name without a pause between them. */
const impatient = { retryMs: 0 };

export class ScriptedLookUps {
  readonly resolver: Resolver;
  /** The names of all look-ups begun, in order. */
  readonly begun: string[] = [];
  readonly #open: OpenLookUp[] = [];

  constructor(policy: ConstructorParameters<typeof Resolver>[1] = impatient) {
    this.resolver = new Resolver((name) => {
      this.begun.push(name);
      return new Promise((resolve, reject) => this.#open.push({ name, resolve, reject }));
    }, policy);
  }

  /** Names whose look-ups are running. */
  get open(): string[] {
    return this.#open.map(({ name }) => name);
  }

  /** Resolves after the resolver has processed the answer. */
  async answer(name: string, ...addresses: string[]): Promise<void> {
    this.#take(name).resolve(addresses);
    await new Promise(setImmediate);
  }

  async fail(name: string, code: string): Promise<void> {
    this.#take(name).reject(Object.assign(new Error(`getaddrinfo ${code} ${name}`), { code }));
    await new Promise(setImmediate);
  }

  #take(name: string): OpenLookUp {
    const at = this.#open.findIndex((lookUp) => lookUp.name === name);
    if (at === -1) throw new Error(`no look-up of ${name} is running`);
    return this.#open.splice(at, 1)[0]!;
  }
}
