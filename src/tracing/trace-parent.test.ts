import { expect, test } from 'vitest';
import { formatTraceParent, parseTraceParent, traceHeadersOf } from './trace-parent.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

test('a formatted value is parsed to the same value', () => {
  for (const traceFlags of [0, 1, 255]) {
    const text = formatTraceParent({ traceId, spanId, traceFlags });
    expect(parseTraceParent(text)).toEqual({ traceId, spanId, traceFlags, isRemote: true });
  }
});

test('the example of the specification is read', () => {
  expect(parseTraceParent(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, traceFlags: 1, isRemote: true });
});

test('anything else is ignored', () => {
  const zeros = '0'.repeat(32);
  for (const text of [
    ...[undefined, '', 'x', `01-${traceId}-${spanId}-01`, `00-${traceId.toUpperCase()}-${spanId}-01`, `00-${zeros}-${spanId}-01`],
    ...[`00-${traceId}-${zeros.slice(16)}-01`, `00-${traceId}-${spanId}-01 `, `00-${traceId}-${spanId}-1`, 'é'.repeat(55)],
  ])
    expect(parseTraceParent(text)).toBeUndefined();
});

test('a state accompanies a valid parent; an illegal or too long state is left out', () => {
  const parent = `00-${traceId}-${spanId}-01`;
  expect(traceHeadersOf(parent, undefined)).toEqual({ parent });
  expect(traceHeadersOf(parent, 'vendor=a,other=b')).toEqual({ parent, state: 'vendor=a,other=b' });
  for (const state of ['', 'a=é', 'a=\n', 'a'.repeat(513)]) expect(traceHeadersOf(parent, state)).toEqual({ parent });
  for (const none of [undefined, 'x', `${parent}, ${parent}`]) expect(traceHeadersOf(none, 'vendor=a')).toBeUndefined();
});
