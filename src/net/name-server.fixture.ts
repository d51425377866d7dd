/** A resolver for tests, whose look-ups end when and as the test says. */
import { Resolver } from './resolver.js';

interface OpenLookUp {
  readonly name: string;
  readonly resolve: (addresses: readonly string[]) => void;
  readonly reject: (error: Error) => void;
}

/** No pause between two look-ups of one name. */
const impatient = { retryMs: 0 };

export class ScriptedLookUps {
  readonly resolver: Resolver;
  /** All that ever began, in order. */
  readonly begun: string[] = [];
  readonly #open: OpenLookUp[] = [];

  constructor(policy: ConstructorParameters<typeof Resolver>[1] = impatient) {
    this.resolver = new Resolver((name) => {
      this.begun.push(name);
      return new Promise((resolve, reject) => this.#open.push({ name, resolve, reject }));
    }, policy);
  }

  /** Names whose look-up is under way. */
  get open(): string[] {
    return this.#open.map(({ name }) => name);
  }

  /** Resolves when what follows from the answer has been done. */
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
    if (at === -1) throw new Error(`no look-up of ${name} is under way`);
    return this.#open.splice(at, 1)[0]!;
  }
}
