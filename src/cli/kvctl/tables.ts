/** How tables and their figures look. */
import Table from 'cli-table3';

export function plainTable(head: string[]): InstanceType<typeof Table> {
  return new Table({ head, style: { head: [], border: [], compact: true } });
}

export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

export function mebibytes(bytes: number): string {
  return grouped(Math.round(bytes / 2 ** 20));
}

export function uptime(uptimeMs: number): string {
  const seconds = Math.floor(uptimeMs / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}
