/** Whether a call or a transaction may be refused because of what is stored. Pure. */
import type { Branches, KeyedCall, SingleCall } from './history.js';
import { allHold, type KeyStates, mayFail } from './key-states.js';
import type { Register } from './register.js';
import { changeOf } from './value-change.js';

/** Whether it may be refused here with this code. A version that is not known may be any. */
export function mayDecline(states: KeyStates, { compares, operations, otherwise }: Branches, code: string): boolean {
  const mayHold = allHold(states, compares) !== undefined;
  const isOther = compares.some((one) => mayFail(states, one));
  return (mayHold && mayBeDeclined(states, operations, code)) || (isOther && mayBeDeclined(states, otherwise, code));
}

function mayBeDeclined(states: KeyStates, calls: readonly KeyedCall[], code: string): boolean {
  const changed = new Map<string, string | undefined>();
  for (const { key, call } of calls) {
    const register = states.get(key)!;
    const value = changed.has(key) ? changed.get(key) : register.value;
    const condition = judgeVersion(call, register);
    if (condition !== 'holds' && code === 'VERSION_MISMATCH') return true;
    if (condition === 'fails') return false;
    if ('ifValue' in call && call.ifValue !== undefined && call.ifValue !== value) return code === 'VALUE_MISMATCH';
    const change = changeOf(call, value);
    if (change !== undefined && 'declined' in change) return change.declined === code;
    if (change !== undefined) changed.set(key, change.to);
  }
  return false;
}

function judgeVersion(call: SingleCall, { version, floor }: Register): 'holds' | 'fails' | 'may fail' {
  if (!('ifVersion' in call) || call.ifVersion === undefined || call.ifVersion === version) return 'holds';
  return version === undefined && call.ifVersion >= floor ? 'may fail' : 'fails';
}
