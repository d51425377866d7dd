/** JSON Schemas of transactions, of the operations in them, and of their results, for the OpenAPI document. */
import { holdsBytes } from '../../wire/json/json-fields.js';
import {
  compareForm,
  type FieldForm,
  type Fields,
  isOptional,
  type OperationKind,
  operationForms,
  operationKinds,
  writeForm,
} from '../../wire/json/operation-forms.js';
import { count, expiresInMs, flag, list, node, object, type Schema, text, version } from '../routes/schemas.js';

const base64 = { type: 'string', description: 'Any bytes, in base64 with its padding' } as const;
const decimal = {
  type: ['string', 'integer'],
  description: 'From -2^63 to 2^63 - 1 with up to 17 digits after the point; as text, it is exact',
} as const;
const key = { type: 'string', description: '1 to 1,024 bytes of UTF-8' } as const;

/** Of `sync` in a query and in a body, and of the header. */
export const syncMeaning =
  'true: answered once every in-sync replica has flushed the write, which --durability interval otherwise does later';

const meanings: Readonly<Record<string, string>> = {
  by: 'What is added; 1 by default',
  initial: 'What a key counts as that does not exist; 0 by default',
  min: 'A sum below it is refused',
  max: 'A sum above it is refused',
  maxBytes: 'The longest that the whole value may become; 0: the limit of the node',
  offset: 'The first byte that is overwritten; a gap before it becomes zeros',
  ifVersion: 'Only if the key is at this version; 0: only if it does not exist',
  ifValue: 'Only if the key has this value',
  ttlMs:
    'The key expires this many milliseconds after the write; 1 to 3,153,600,000,000. Without it and keepTtl it does not expire',
  keepTtl: 'true: the key expires when it would have expired without this write; not together with ttlMs',
  sync: syncMeaning,
};

function schemaOf(form: FieldForm): Schema {
  if (form === 'key') return key;
  if (holdsBytes(form)) return text;
  if (form === 'decimal') return decimal;
  return form === 'optional flag' ? flag : count;
}

export function fieldSchema(name: string, form: FieldForm): Schema {
  const description = meanings[name];
  return description === undefined ? schemaOf(form) : { ...schemaOf(form), description };
}

function requestSchema(fields: Fields): Schema {
  const properties: Record<string, Schema> = {};
  const optional: string[] = [];
  for (const [name, form] of Object.entries(fields)) {
    properties[name] = fieldSchema(name, form);
    if (holdsBytes(form)) properties[`${name}Base64`] = base64;
    if (holdsBytes(form)) optional.push(name, `${name}Base64`);
    else if (isOptional(form)) optional.push(name);
  }
  return object(properties, optional);
}

/** Of an object with one field, whose name is the kind of the operation. */
function oneOfKinds(schema: (kind: OperationKind) => Schema): Schema {
  const properties = Object.fromEntries(operationKinds.map((kind) => [kind, schema(kind)]));
  return { type: 'object', properties, minProperties: 1, maxProperties: 1 };
}

const bytes = { value: text, valueBase64: base64 };
const noBytes = ['value', 'valueBase64'];
const previous = {
  ...object({ ...bytes, version }, noBytes),
  description: 'What was there, with valueBase64 instead of value if it is not UTF-8; missing: the key did not exist',
};

interface Answer {
  readonly properties: Readonly<Record<string, Schema>>;
  readonly optional?: readonly string[];
}

const replaced: Answer = { properties: { version, previous }, optional: ['previous'] };
const spliced: Answer = { properties: { version, valueBytes: { ...count, description: 'Of the whole value' } } };

const answers: Readonly<Record<OperationKind, Answer>> = {
  get: { properties: { found: flag, ...bytes, version, expiresInMs }, optional: [...noBytes, 'version', 'expiresInMs'] },
  put: { properties: { version } },
  delete: { properties: { existed: flag, version } },
  increment: { properties: { value: { type: 'string', description: 'The sum, as decimal text' }, version } },
  append: spliced,
  setRange: spliced,
  getAndSet: replaced,
  getAndDelete: replaced,
  touch: { properties: { found: flag, version } },
  persist: { properties: { found: flag, hadTtl: flag, version } },
};

/** The answer to an operation by itself. */
export function answerSchema(kind: OperationKind): Schema {
  const { properties, optional = [] } = answers[kind];
  return object({ ...properties, node }, optional);
}

const operations = list(oneOfKinds((kind) => requestSchema(operationForms[kind])));

export const transactSchema = object(
  { if: list(requestSchema(compareForm)), do: operations, otherwise: operations, sync: fieldSchema('sync', writeForm.sync) },
  ['if', 'do', 'otherwise', 'sync'],
);

export const transactedSchema = object({
  held: { type: 'boolean', description: 'true: every comparison held, and do was executed; false: otherwise was' },
  version: { ...version, description: 'Of everything that was written; 0 if nothing was' },
  results: list(oneOfKinds((kind) => object(answers[kind].properties, answers[kind].optional ?? []))),
  node,
});
