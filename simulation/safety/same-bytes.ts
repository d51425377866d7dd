import type { StoredItem } from '../virtual/store.js';

export function sameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined || one.length !== other.length) return false;
  return one.every((byte, index) => byte === other[index]);
}

/** Undefined: there is none. */
export function sameItem(one: StoredItem | undefined, other: StoredItem | undefined): boolean {
  const isSame = one?.version === other?.version && one?.expiresAtMs === other?.expiresAtMs;
  return isSame && sameBytes(one?.value, other?.value);
}
