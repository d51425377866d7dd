/**
 * The keys of the load. Four keys with one {tag} are a group, so they belong to one shard and a transaction may name all of
 * them: two with values that are replaced, one with text that grows, and a counter.
 */

export type KeyUse = 'register' | 'text' | 'counter';

const uses: readonly KeyUse[] = ['register', 'register', 'text', 'counter'];

export function recordedKeyOf(index: number): string {
  return `{g${Math.floor(index / uses.length)}}-${index % uses.length}`;
}

export function useOf(index: number): KeyUse {
  return uses[index % uses.length]!;
}

/** The indices of the keys in the group of this one, itself included, below `keyspace`. */
export function groupOf(index: number, keyspace: number): number[] {
  const first = index - (index % uses.length);
  return uses.map((_, place) => first + place).filter((one) => one < keyspace);
}
