/** The execution of a list of calls in the sequential model, all of them or none. Pure. */
import type { CallResult, KeyedCall, SingleCall } from './history.js';
import { writtenBy } from './history.js';
import { atVersion, type KeyStates } from './key-states.js';
import { changeOf, type ValueChange } from './value-change.js';

export class ListExecution {
  /** The keys before the execution, with the versions that its results show. */
  states: KeyStates;
  /** The values of the keys that it has changed. Undefined: deleted. */
  readonly changed = new Map<string, string | undefined>();
  /** Of what it writes; undefined: not known. */
  readonly #version: number | undefined;

  constructor(states: KeyStates, version: number | undefined) {
    this.states = states;
    this.#version = version;
  }

  /** Executes the calls in order. @returns whether that is possible here, with these results if they are known */
  runAll(calls: readonly KeyedCall[], results: readonly CallResult[] | undefined): boolean {
    if (results !== undefined && results.length !== calls.length) return false;
    return calls.every((call, index) => this.#run(call, results?.[index]));
  }

  /** What the next call on the key finds. */
  valueOf(key: string): string | undefined {
    return this.changed.has(key) ? this.changed.get(key) : this.states.get(key)!.value;
  }

  #run({ key, call }: KeyedCall, result: CallResult | undefined): boolean {
    if (!knownVersions(call, result).every((version) => this.#pin(key, version))) return false;
    const value = this.valueOf(key);
    if ('ifValue' in call && call.ifValue !== undefined && call.ifValue !== value) return false;
    const change = changeOf(call, value);
    if (change !== undefined && 'declined' in change) return false;
    if (result !== undefined && !(isResult(result, call, value, change) && this.#isVersion(result, change))) return false;
    if (change !== undefined) this.changed.set(key, change.to);
    return true;
  }

  /** All that is written has one version. */
  #isVersion(result: CallResult, change: ValueChange): boolean {
    return writtenBy(result) === (change === undefined ? 0 : this.#version);
  }

  /** Whether the key can have this version before the next call. */
  #pin(key: string, version: number): boolean {
    if (this.changed.has(key)) return version === (this.changed.get(key) === undefined ? 0 : this.#version);
    const pinned = atVersion(this.states, key, version);
    if (pinned !== undefined) this.states = pinned;
    return pinned !== undefined;
  }
}

/** The versions of the key before the call, as its condition and its result show them. */
function knownVersions(call: SingleCall, result: CallResult | undefined): number[] {
  const known: number[] = [];
  if ('ifVersion' in call && call.ifVersion !== undefined) known.push(call.ifVersion);
  if (result?.kind === 'found') known.push(result.version);
  if (result?.kind === 'missing' || result?.kind === 'nothingToDelete') known.push(0);
  if (result?.kind === 'replaced') known.push(result.previousVersion);
  return known;
}

function isResult(
  result: CallResult,
  call: SingleCall,
  before: string | undefined,
  change: { readonly to: string | undefined } | undefined,
): boolean {
  switch (result.kind) {
    case 'missing':
      return call.kind === 'get' && before === undefined;
    case 'found':
      return call.kind === 'get' && before === result.value;
    case 'written':
      return (call.kind === 'put' || call.kind === 'delete') && change !== undefined;
    case 'nothingToDelete':
      return call.kind === 'delete' && before === undefined;
    case 'replaced':
      return (call.kind === 'getAndSet' || call.kind === 'getAndDelete') && before === result.value;
    case 'sum':
      return call.kind === 'increment' && change?.to === result.value;
    case 'length':
      return (call.kind === 'append' || call.kind === 'setRange') && change?.to?.length === result.valueBytes;
  }
}
