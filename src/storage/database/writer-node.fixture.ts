/** What the tests of `DatabaseWriter` share. */
import { setImmediate as turn } from 'node:timers/promises';
import { ModelDatabase } from './model-database.fixture.js';
import { DatabaseNode } from './stored-replica.fixture.js';

export const mebibyte = 1_024 * 1_024;

export function newNode(options?: ConstructorParameters<typeof DatabaseNode>[1]): DatabaseNode<ModelDatabase> {
  return new DatabaseNode(new ModelDatabase(), options);
}

/** Gives the writer the turns that it needs for all that it can do without an answer. */
export async function whileItWorks(): Promise<void> {
  for (let number = 0; number < 20; number++) await turn();
}

/** The rows that another process would find. */
export function storedIn(node: DatabaseNode<ModelDatabase>): ModelDatabase {
  return new ModelDatabase(node.database.disk);
}
