/**
 * Divides a history into groups of keys, and operations into those of each group. Two keys belong to one group if a
 * transaction names both, directly or over other keys. Groups are independent of each other, so a history is
 * linearizable if the history of every group is (Herlihy & Wing, 1990: locality). Pure.
 */
import { namedKeys, type Operation } from './history.js';

export interface Group {
  /** In the order in which the history names them. */
  readonly keys: readonly string[];
  readonly operations: readonly Operation[];
}

export function connectedGroups(history: readonly Operation[]): Group[] {
  const forest = new Map<string, string>();
  for (const operation of history) for (const key of namedKeys(operation)) join(forest, operation.key, key);
  const groups = new Map<string, { keys: string[]; operations: Operation[] }>();
  for (const key of forest.keys()) {
    const root = rootOf(forest, key);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, { keys: [key], operations: [] });
    else group.keys.push(key);
  }
  for (const operation of history) groups.get(rootOf(forest, operation.key))!.operations.push(operation);
  return [...groups.values()];
}

function join(forest: Map<string, string>, one: string, other: string): void {
  for (const key of [one, other]) if (!forest.has(key)) forest.set(key, key);
  const [root, otherRoot] = [rootOf(forest, one), rootOf(forest, other)];
  if (root !== otherRoot) forest.set(otherRoot, root);
}

/** Shortens the way to the root, so that the next search is quick. */
function rootOf(forest: Map<string, string>, key: string): string {
  let root = key;
  while (forest.get(root) !== root) root = forest.get(root)!;
  for (let at = key; at !== root; ) {
    const next = forest.get(at)!;
    forest.set(at, root);
    at = next;
  }
  return root;
}
