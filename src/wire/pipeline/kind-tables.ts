/** Messages that have one form for each kind of operation: look-up tables by tag, for readers that read them field by field. */
import type { KeyOperation } from '../../replication/index.js';
import { tagOf } from '../protobuf/protobuf-reader.js';

type Kind = KeyOperation['kind'];

interface Form {
  readonly fields: readonly { readonly name: string; readonly tag: number }[];
}

/** For each kind: the number of its field where one of several kinds is meant, and its message. */
type Forms = Readonly<Record<Kind, readonly [number, Form]>>;

/** Numbers up to 15 have tags below this. */
const maxTags = 128;

const kindsOf = (forms: Forms): Kind[] => Object.keys(forms) as Kind[];

/** The kind that the tag of its field means. Undefined: none. */
export function kindsByTag(forms: Forms): readonly (Kind | undefined)[] {
  const byTag: (Kind | undefined)[] = new Array(maxTags);
  for (const kind of kindsOf(forms)) byTag[tagOf(forms[kind][0], 'bytes')] = kind;
  return byTag;
}

/**
 * For each kind and each tag: the number that the field has in `numbers`. 0: the kind has no such field.
 *
 * @param numbers of every field that a kind can have, from 1 on
 */
export function fieldsByTag(forms: Forms, numbers: Readonly<Record<string, number>>): Readonly<Record<Kind, Uint8Array>> {
  const byKind = kindsOf(forms).map((kind) => {
    const byTag = new Uint8Array(maxTags);
    for (const { name, tag } of forms[kind][1].fields) byTag[tag] = numbers[name] ?? 0;
    return [kind, byTag];
  });
  return Object.fromEntries(byKind) as Record<Kind, Uint8Array>;
}
