/** The paths of operations that change a key by what is there: `/api/kv/{key}/{operation}`, with the options in the query. */
import { KvError } from '../../errors.js';
import { type ChangeMethod, changeMethods } from '../../wire/contract/change-messages.js';
import { refuseWrongTtl } from '../../wire/json/json-fields.js';
import { type FieldForm, type Fields, type OperationKind, operationForms, writeForm } from '../../wire/json/operation-forms.js';

/** An operation on one key. */
export type SingleKeyChange = Extract<ChangeMethod, OperationKind>;

export const keyChanges = changeMethods.filter((kind): kind is SingleKeyChange => kind in operationForms);

/** `set-range` for `setRange`. */
export function segmentOf(kind: SingleKeyChange): string {
  return kind.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Whether the operation takes a value: the body of the request. */
export function takesValue(kind: SingleKeyChange): boolean {
  return 'value' in operationForms[kind];
}

/** The fields of an operation that the query may have. */
export function queryFields(kind: SingleKeyChange): Fields {
  const { key: _key, value: _value, ...fields }: Fields = operationForms[kind];
  return { ...fields, ...writeForm };
}

/** By the names of their fields. */
type Options = Readonly<Record<string, string | number | boolean>>;

/** The options of an operation as its fields. @throws KvError INVALID_ARGUMENT */
export function readQuery(kind: SingleKeyChange, query: string): Options {
  const given = new URLSearchParams(query);
  const fields = queryFields(kind);
  for (const name of given.keys()) {
    if (!Object.hasOwn(fields, name))
      throw refused(`${JSON.stringify(name.slice(0, 40))} is not an option of ${segmentOf(kind)}`);
    if (given.getAll(name).length > 1) throw refused(`${name} is given more than once`);
  }
  const missing = Object.entries(fields).find(([name, form]) => form === 'needed count' && !given.has(name));
  if (missing !== undefined) throw refused(`${segmentOf(kind)} needs ?${missing[0]}=`);
  const options = Object.fromEntries([...given].map(([name, text]) => [name, optionOf(name, fields[name]!, text)]));
  refuseWrongTtl('', options);
  return options;
}

function optionOf(name: string, form: FieldForm, text: string): string | number | boolean {
  if (form === 'decimal') return text;
  if (form !== 'optional flag') return countOf(name, text);
  if (text === 'true' || text === 'false') return text === 'true';
  throw refused(`${name} must be true or false`);
}

function countOf(name: string, text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw refused(`${name} must be a whole number from 0 to 2^53 - 1`);
}

function refused(message: string): KvError {
  return new KvError('INVALID_ARGUMENT', message);
}
