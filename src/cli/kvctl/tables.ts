/** Tables for people. A command that prints none does not load this file. */
import Table from 'cli-table3';

export function plainTable(head: string[]): InstanceType<typeof Table> {
  return new Table({ head, style: { head: [], border: [], compact: true } });
}
