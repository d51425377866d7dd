/** Formats figures for people: counts, sizes, times, slots. */
import { slotsOfShard } from '../../placement/key-slot.js';

export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

const unitNames = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A size in the largest unit that keeps the figure at 1 or more, with one decimal below 10. */
export function size(bytes: number): string {
  const steps = bytes < 1 ? 0 : Math.min(unitNames.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * steps);
  return `${value < 10 && !Number.isInteger(value) ? value.toFixed(1) : grouped(Math.round(value))} ${unitNames[steps]}`;
}

export function uptime(uptimeMs: number): string {
  const seconds = Math.floor(uptimeMs / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

const durationUnits = [
  { name: 'd', ms: 86_400_000, from: 172_800_000 },
  { name: 'h', ms: 3_600_000, from: 7_200_000 },
  { name: 'min', ms: 60_000, from: 120_000 },
  { name: 's', ms: 1_000, from: 1_000 },
] as const;

/** A time in the largest unit that it holds about twice, with one decimal below 10: `340 ms`, `9.8 s`, `12 min`. */
export function duration(ms: number): string {
  const unit = durationUnits.find(({ from }) => ms >= from);
  if (unit === undefined) return `${ms} ms`;
  const value = ms / unit.ms;
  return `${value < 10 && !Number.isInteger(value) ? value.toFixed(1) : grouped(Math.floor(value))} ${unit.name}`;
}

/** The range of slots of a shard: `10240-11263`, or `7`. */
export function slotsText(shard: number, shardCount: number): string {
  const { first, last } = slotsOfShard(shard, shardCount);
  return first === last ? `${first}` : `${first}-${last}`;
}
