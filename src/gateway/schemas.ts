/** What the OpenAPI document tells of answers: JSON Schema. */
import { errorTraits } from '../errors.js';
import { problemType } from './problem.js';

type Schema = Readonly<Record<string, unknown>>;

export function jsonAnswer(description: string, schema: Schema): Schema {
  return { description, content: { 'application/json': { schema } } };
}

function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}

function list(items: Schema): Schema {
  return { type: 'array', items };
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const count = { type: 'integer', minimum: 0 } as const;

const version = { type: 'integer', minimum: 0, description: 'Grows with every write of the key; below 2^53' };
const node = { type: 'string', description: 'Id of the node that answered: the primary, also when another one was asked' };

export const readinessSchema = object({ ready: flag, reasons: list(text) });

export const putSchema = object({
  version,
  node,
  replicas: { ...list(text), description: 'Ids of the nodes that hold the write: the in-sync set, primary first' },
});

export const deleteSchema = object({ existed: flag, version, node });

const problemSchema = object(
  {
    ...{ type: text, title: text, status: count, detail: text },
    code: { type: 'string', description: `One of docs/errors.md (${Object.keys(errorTraits).length} codes), or of HTTP alone` },
    executed: { enum: ['no', 'unknown'], description: 'no: definitely not executed. unknown: it may have been' },
    currentVersion: version,
    primaryAddress: text,
  },
  ['currentVersion', 'primaryAddress'],
);

/** By status: what it means here. */
export function problems(meanings: Readonly<Record<number, string>>): Schema {
  const entries = Object.entries(meanings).map(([status, description]) => {
    return [status, { description, content: { [problemType]: { schema: problemSchema } } }];
  });
  return Object.fromEntries(entries);
}
