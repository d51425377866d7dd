/**
 * Reads JSON strictly: an unknown field, a value of another type or text that is not Unicode is refused with its place, such as
 * `do[1].put.value`. A reader that ignored them would execute something else than its client meant.
 */
import { KvError } from '../../errors.js';
import { problemOfTtl } from '../../limits.js';
import { type FieldForm, type Fields, isOptional } from './operation-forms.js';

export type JsonObject = Readonly<Record<string, unknown>>;

const loneSurrogate = /\p{Surrogate}/u;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @throws KvError INVALID_ARGUMENT */
export function objectAt(place: string, json: unknown): JsonObject {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw refused(place, 'an object');
}

/** A list that is left out is empty. @throws KvError INVALID_ARGUMENT */
export function listAt(place: string, json: unknown): readonly unknown[] {
  if (json === undefined) return [];
  if (Array.isArray(json)) return json;
  throw refused(place, 'a list');
}

/** @throws KvError INVALID_ARGUMENT if the object has a field with another name. */
export function checkNames(place: string, json: JsonObject, names: readonly string[]): void {
  const unknown = Object.keys(json).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const where = place === '' ? 'the body' : place;
  throw new KvError(
    'INVALID_ARGUMENT',
    `${where} has ${JSON.stringify(unknown.slice(0, 40))}, which is not among its fields: ${names.join(', ')}`,
  );
}

/** The fields of a message as protobuf needs them. @throws KvError INVALID_ARGUMENT, INVALID_KEY */
export function readFields(place: string, json: unknown, fields: Fields): Record<string, unknown> {
  const object = objectAt(place, json);
  const names = Object.entries(fields).flatMap(([name, form]) => (holdsBytes(form) ? [name, `${name}Base64`] : [name]));
  checkNames(place, object, names);
  const read = Object.entries(fields).map(([name, form]) => [name, fieldOf(place, object, name, form)] as const);
  const found = Object.fromEntries(read.filter(([, value]) => value !== undefined));
  refuseWrongTtl(place, found);
  return found;
}

/** A node would refuse it as well, by the names of protobuf. @throws KvError INVALID_ARGUMENT */
export function refuseWrongTtl(place: string, { ttlMs, keepTtl }: Readonly<Record<string, unknown>>): void {
  if (ttlMs === undefined) return;
  const [ttl, keep] = ['ttlMs', 'keepTtl'].map((name) => (place === '' ? name : `${place}.${name}`)) as [string, string];
  const problem = keepTtl === true ? `${ttl} and ${keep} exclude each other` : problemOfTtl(ttl, Number(ttlMs));
  if (problem !== undefined) throw new KvError('INVALID_ARGUMENT', problem);
}

export function holdsBytes(form: FieldForm): boolean {
  return form === 'bytes' || form === 'optional bytes';
}

/** @throws KvError INVALID_ARGUMENT */
export function flagAt(place: string, json: unknown): boolean {
  return typeof json === 'boolean' ? json : fail(place, 'true or false');
}

function fieldOf(place: string, object: JsonObject, name: string, form: FieldForm): unknown {
  const json = object[name];
  const at = `${place}.${name}`;
  if (holdsBytes(form)) return bytesOf(at, json, object[`${name}Base64`], isOptional(form));
  if (form === 'decimal') return json === undefined ? '' : decimalOf(at, json);
  if (form === 'count' && json === undefined) return 0;
  if (json === undefined && isOptional(form)) return undefined;
  if (form === 'key') return keyOf(at, json);
  if (form === 'optional flag') return flagAt(at, json);
  return Number.isSafeInteger(json) && Number(json) >= 0 ? json : fail(at, 'a whole number from 0 to 2^53 - 1');
}

function keyOf(place: string, json: unknown): Buffer {
  if (typeof json !== 'string') return fail(place, 'text');
  // A lone surrogate would become another character, which would make one key of two.
  if (loneSurrogate.test(json)) throw new KvError('INVALID_KEY', `${place} is not valid Unicode: it has a lone surrogate`);
  return Buffer.from(json);
}

function bytesOf(place: string, text: unknown, encoded: unknown, mayBeMissing: boolean): Buffer | undefined {
  if (text !== undefined && encoded !== undefined) throw refused(place, `given once: as ${place} or as ${place}Base64`);
  if (encoded !== undefined) {
    if (typeof encoded === 'string' && base64.test(encoded)) return Buffer.from(encoded, 'base64');
    return fail(`${place}Base64`, 'base64 with its padding');
  }
  if (text === undefined && mayBeMissing) return undefined;
  if (typeof text !== 'string' || loneSurrogate.test(text))
    return fail(place, `text of valid Unicode; other bytes are given as ${place}Base64`);
  return Buffer.from(text);
}

/** A number with a fraction or of many digits may not be what its writer meant: a reader of JSON rounds it. */
function decimalOf(place: string, json: unknown): string {
  if (typeof json === 'string') return json;
  return Number.isSafeInteger(json) ? String(json) : fail(place, 'an integer, or a number as text such as "0.1", which is exact');
}

function fail(place: string, form: string): never {
  throw refused(place, form);
}

function refused(place: string, form: string): KvError {
  return new KvError('INVALID_ARGUMENT', `${place === '' ? 'the body' : place} must be ${form}`);
}
