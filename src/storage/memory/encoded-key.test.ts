import { describe, expect, it } from 'vitest';
import { EncodedKey } from './encoded-key.js';

function encoded(key: EncodedKey): string {
  return Buffer.from(key.words.buffer, 0, key.length).toString('utf8');
}

describe('the encoded key', () => {
  it.each(['k', 'plain', 'ünïcode', 'mixed \u{1f511}', '\u{10ffff}'])('is the UTF-8 of %j', (text) => {
    const key = new EncodedKey();
    key.set(text);
    expect(encoded(key)).toBe(text);
    expect(key.length).toBe(Buffer.byteLength(text));
  });

  it('leaves nothing of the previous key in the last word', () => {
    const key = new EncodedKey();
    key.set('xxxxxxxx');
    key.set('abcde');
    const once = Array.from(key.words.subarray(0, 2));
    key.set('é\u{1f511}éxxxxxxxx');
    key.set('abcde');
    expect(Array.from(key.words.subarray(0, 2))).toEqual(once);
    key.set('yyyyyyyy');
    key.set('éab');
    expect(Buffer.from(key.words.buffer, 0, 4).toString('utf8')).toBe('éab');
  });

  it('accepts only keys of 1 to 1,024 bytes', () => {
    const key = new EncodedKey();
    key.set('k'.repeat(1_024));
    key.set('é'.repeat(512));
    expect(key.length).toBe(1_024);
    for (const wrong of ['', 'k'.repeat(1_025), 'é'.repeat(513)]) expect(() => key.set(wrong)).toThrow(RangeError);
  });
});
