/** Durations as they are typed: a whole number with its unit. */
import { KvError } from '../../errors.js';
import { maxTtlMs } from '../../limits.js';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws KvError INVALID_OPTION unless the text is a TTL from 1 ms to 100 years. */
export function parseTtlMs(label: string, text: string): number {
  const [, digits, unit = ''] = /^(\d{1,15})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ttlMs = Number(digits) * unitMs[unit]!;
  if (ttlMs >= 1 && ttlMs <= maxTtlMs) return ttlMs;
  throw new KvError('INVALID_OPTION', `${label}: "${text}" must be a time such as 500ms, 10s, 5m, 2h or 7d, up to 36500d`);
}
