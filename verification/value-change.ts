/** What a call on one key makes of the value that it finds. Pure. */
import type { SingleCall } from './history.js';

/** Undefined: the call changes nothing. */
export type ValueChange = { readonly to: string | undefined } | { readonly declined: string } | undefined;

/** `before` undefined: the key does not exist. Conditions are left to the caller. */
export function changeOf(call: SingleCall, before: string | undefined): ValueChange {
  switch (call.kind) {
    case 'get':
      return undefined;
    case 'put':
    case 'getAndSet':
      return { to: call.value };
    case 'delete':
    case 'getAndDelete':
      return before === undefined ? undefined : { to: undefined };
    case 'increment':
      return incremented(call, before ?? call.initial ?? '0');
    case 'append':
      return limited(`${before ?? ''}${call.value}`, call.maxBytes);
    case 'setRange':
      return limited(overwritten(before ?? '', call.offset, call.value), call.maxBytes);
  }
}

function incremented({ by, min, max }: Extract<SingleCall, { kind: 'increment' }>, before: string): ValueChange {
  const number = scaledNumber(before);
  if (number === undefined) return { declined: 'NOT_A_NUMBER' };
  const sum = number + (scaledNumber(by) ?? 0n);
  const isTooLow = min !== undefined && sum < scaledNumber(min)!;
  const isTooHigh = max !== undefined && sum > scaledNumber(max)!;
  return isTooLow || isTooHigh || !isInRange(sum) ? { declined: 'OUT_OF_RANGE' } : { to: textOf(sum) };
}

function overwritten(before: string, offset: number, value: string): string {
  return before.slice(0, offset).padEnd(offset, '\0') + value + before.slice(offset + value.length);
}

function limited(after: string, maxBytes: number | undefined): ValueChange {
  return maxBytes !== undefined && after.length > maxBytes ? { declined: 'VALUE_TOO_LARGE' } : { to: after };
}

/** As many as docs/transactions.md allows. */
const fractionDigits = 17;
const unit = 10n ** BigInt(fractionDigits);

/** In units of the last digit after the point that a number can have. Undefined: the text is no number. */
export function scaledNumber(text: string): bigint | undefined {
  const [, sign, whole, fraction = ''] = /^(-?)(0|[1-9]\d{0,18})(?:\.(\d{1,17}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const magnitude = BigInt(whole + fraction.padEnd(fractionDigits, '0'));
  const number = sign === '-' ? -magnitude : magnitude;
  return isInRange(number) ? number : undefined;
}

function isInRange(number: bigint): boolean {
  return number >= -(2n ** 63n) * unit && number <= (2n ** 63n - 1n) * unit;
}

function textOf(number: bigint): string {
  const magnitude = number < 0n ? -number : number;
  const digits = String(magnitude).padStart(fractionDigits + 1, '0');
  const fraction = digits.slice(-fractionDigits).replace(/0+$/, '');
  return `${number < 0n ? '-' : ''}${digits.slice(0, -fractionDigits)}${fraction && '.'}${fraction}`;
}
