/**
 * `Idempotency-Key` and `Kv-Position`: a write that its client may send again after an unknown outcome (R16). Each key stands for a
 * client with one request. HTTP does not say which attempt is the first, so no refusal of such a write is definite.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { KvError, type ShardPosition } from '../../errors.js';
import { positionOfText, textOfPosition } from '../../wire/contract/position-text.js';
import type { IdentityFields } from '../../wire/contract/request-identity.js';

const positionHeader = 'kv-position';
const keyHeader = 'idempotency-key';
const keyPattern = /^"?([\x21\x23-\x7e]{8,64})"?$/;

/** @throws KvError INVALID_ARGUMENT */
export function identityFromHeaders(headers: IncomingHttpHeaders): IdentityFields {
  const given = headers[keyHeader]?.toString();
  if (given === undefined) return {};
  const client = keyPattern.exec(given)?.[1];
  if (client === undefined)
    throw refused('Idempotency-Key is 8 to 64 characters of ASCII, without spaces, in double quotes or not');
  const text = headers[positionHeader]?.toString();
  if (text === undefined)
    throw refused(
      'Idempotency-Key needs Kv-Position: send the header of that name from an earlier answer for the key, such as that to a GET or HEAD, and the same one with every attempt',
    );
  const position = positionOfText(text);
  if (position === undefined) throw refused('Kv-Position is history:seq, as an answer for the key had it');
  return { request: { client, number: 1, lowest: 1, firstAttempt: false }, position };
}

/** What an answer for a key has as Kv-Position, if the node that answered knows it. */
export function positionHeaders(position: ShardPosition | null | undefined): Readonly<Record<string, string>> {
  return position === undefined || position === null ? {} : { [positionHeader]: textOfPosition(position) };
}

function refused(message: string): KvError {
  return new KvError('INVALID_ARGUMENT', message);
}
