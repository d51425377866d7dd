/**
 * Parses and checks values of options. Each function throws KvError INVALID_OPTION naming the option and the value.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { KvError } from '../src/errors.js';

/** A list of names, separated by commas; empty if the option was not typed. */
export function namesOf<Name extends string>(option: string, typed: unknown, known: readonly Name[]): Name[] {
  if (typed === undefined) return [];
  return String(typed)
    .split(',')
    .map((name) => known.find((one) => one === name) ?? refuseOption(option, name, `one of ${known.join(', ')}`));
}

export function numberOf(option: string, typed: unknown, highest: number, isGood: (value: number) => boolean): number {
  const value = Number(typed);
  if (isGood(value) && value > 0 && value <= highest) return value;
  return refuseOption(option, typed, `a number above 0, up to ${highest}`);
}

/** The folder is checked now, rather than after the measurement. */
export function fileOf(option: string, typed: unknown): string | undefined {
  if (typed === undefined) return undefined;
  return existsSync(dirname(String(typed))) ? String(typed) : refuseOption(option, typed, 'in a folder that exists');
}

export function refuseOption(option: string, typed: unknown, expected: string): never {
  throw new KvError('INVALID_OPTION', `--${option}: "${String(typed)}" must be ${expected}`);
}
