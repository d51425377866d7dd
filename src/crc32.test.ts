import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32, portableCrc32 } from './crc32.js';

describe.each([
  ['the one in use', crc32],
  ['the portable one', portableCrc32],
])('CRC-32: %s', (_name, checksum) => {
  test('gives the published check value', () => {
    expect(checksum(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(checksum(Buffer.alloc(0))).toBe(0);
  });

  test('continues the checksum of the bytes before', () => {
    expect(checksum(structuredClone(new Uint8Array(0)), 5)).toBe(5);
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (first, second) => {
        expect(checksum(second, checksum(first))).toBe(crc32(Buffer.concat([first, second])));
      }),
    );
  });
});
