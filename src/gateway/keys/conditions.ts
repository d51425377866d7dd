/** `If-Match` and `If-None-Match`. An ETag is the key's version in double quotes; this server gives no weak ETags. */
import type { IncomingHttpHeaders } from 'node:http';
import { KvError } from '../../errors.js';
import { percentDecoded } from './key-path.js';

const ifValueHeader = 'kv-if-value';

export function etagOf(version: number): string {
  return `"${version}"`;
}

/** The `ifVersion` of a write. Undefined: unconditional; 0: only if the key does not exist. @throws KvError INVALID_ARGUMENT */
export function ifVersionOf(headers: IncomingHttpHeaders): number | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (ifMatch !== undefined && ifNoneMatch !== undefined) throw refused('only one of If-Match and If-None-Match can be given');
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== '*') throw refused('with a write If-None-Match can only be *: "only if the key does not exist"');
    return 0;
  }
  return ifMatch === undefined ? undefined : versionOf(ifMatch);
}

/** The `ifValue` of a write, percent-encoded as a key is in a path. Undefined: unconditional. @throws KvError INVALID_ARGUMENT */
export function ifValueOf(headers: IncomingHttpHeaders): Buffer | undefined {
  const { [ifValueHeader]: text } = headers;
  if (text === undefined) return undefined;
  // Node.js joins several headers of one name with a comma and a blank.
  const value = percentDecoded(text.toString().trim());
  if (value !== undefined) return value;
  throw refused('Kv-If-Value is one value, percent-encoded: % and two hexadecimal digits for each byte that is not plain');
}

/** @throws KvError INVALID_ARGUMENT if a condition is given where none is judged. */
export function refuseConditions(headers: IncomingHttpHeaders): void {
  const given = ['if-match', 'if-none-match', ifValueHeader].find((name) => headers[name] !== undefined);
  if (given !== undefined) throw refused(`${given} has no meaning here; the operations of /api/transact have conditions`);
}

/** Checks the condition of a read. @throws KvError VERSION_MISMATCH if If-Match does not name this version. */
export function checkIfMatch({ 'if-match': ifMatch }: IncomingHttpHeaders, version: number): void {
  if (ifMatch === undefined || (ifMatch.trim() === '*' && version > 0) || versionsOf(ifMatch).includes(version)) return;
  throw new KvError('VERSION_MISMATCH', `the key is at version ${version}`, { currentVersion: version });
}

/** True if the client has this version already. */
export function isKnown({ 'if-none-match': ifNoneMatch }: IncomingHttpHeaders, version: number): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.trim() === '*' || versionsOf(ifNoneMatch.replaceAll('W/', '')).includes(version);
}

function versionsOf(list: string): number[] {
  return list.split(',').flatMap((tag) => parse(tag) ?? []);
}

function versionOf(tag: string): number {
  const version = parse(tag);
  if (version === undefined)
    throw refused('with a write If-Match is one ETag as this server gives them: a version in double quotes');
  return version;
}

function parse(tag: string): number | undefined {
  const digits = /^\s*"([1-9]\d{0,15})"\s*$/.exec(tag)?.[1];
  const version = Number(digits);
  return Number.isSafeInteger(version) ? version : undefined;
}

function refused(message: string): KvError {
  return new KvError('INVALID_ARGUMENT', message);
}
