/** The identity of a write (R16): from a message of the contract, which has it in two fields, and back. */
import type { RequestIdentity } from '../../replication/index.js';
import type { RequestIdentity as IdentityMessage, Position } from './kv-api.js';

/** Every request that writes has these fields. */
export interface IdentityFields {
  request?: IdentityMessage | null;
  position?: Position | null;
}

/**
 * Undefined: the request carries none. Nothing is checked: a client or history that is missing is empty.
 *
 * @param client the client of a request that names none
 */
export function identityOf({ request, position }: IdentityFields, client = ''): RequestIdentity | undefined {
  if (request === undefined || request === null) return undefined;
  return {
    client: request.client || client,
    number: request.number,
    lowest: request.lowest || request.number,
    history: position?.history ?? '',
    seq: position?.seq ?? 0,
    isFirstAttempt: request.firstAttempt,
  };
}

export function identityFieldsOf(identity: RequestIdentity | undefined): IdentityFields {
  if (identity === undefined) return {};
  const { client, number, lowest, history, seq, isFirstAttempt } = identity;
  return { request: { client, number, lowest, firstAttempt: isFirstAttempt }, position: { history, seq } };
}
