/**
 * The operator's command to a primary: its history goes on, and others are given up (R13). Their ids go into `state`, where the
 * replicas that hold their data find them, discard it, and join.
 */

import { withGivenUp } from '../protocol/shard-state.js';
import type { Core } from '../state/core.js';
import type { Primary } from '../state/role.js';

/** False if there is nothing to give up that `state` does not name already. */
export function onGiveUp(core: Core, role: Primary, token: unknown, ids: readonly string[]): boolean {
  const { state } = core.register;
  if (state === undefined || role.givesUp !== undefined || isNamed(withGivenUp(state, ids).givenUp, state.givenUp)) return false;
  role.givesUp = { ids, token };
  return true;
}

/** `state` has changed: whether by what was asked for. */
export function maybeAnswerGiveUp(core: Core): void {
  const { role, register } = core;
  const { state } = register;
  if (role.kind !== 'primary' || role.givesUp === undefined || state === undefined) return;
  const { ids, token } = role.givesUp;
  if (!isNamed(withGivenUp(state, ids).givenUp, state.givenUp)) return;
  role.givesUp = undefined;
  core.emit({ type: 'answer', token, answer: { kind: 'forced', epoch: state.epoch, seqFloor: state.seqFloor } });
}

function isNamed(ids: readonly string[], named: readonly string[]): boolean {
  return ids.every((id) => named.includes(id));
}
