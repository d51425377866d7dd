import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { MalformedMessage, ProtobufReader, tagOf } from './protobuf-reader.js';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Sample {
    uint64 number = 1;
    bool flag = 2;
    string text = 3;
    bytes data = 4;
    repeated Sample inner = 5;
    fixed64 wide = 6;
    fixed32 narrow = 7;
    uint64 unknown = 8;
    bytes more = 9;
  }`);
const type = root.lookupType('Sample');

interface Sample {
  number: number;
  flag: boolean;
  text: string;
  data: Buffer;
  inner: Sample[];
}

/** Reads a sample, and skips unknown fields. */
function read(reader: ProtobufReader, buffer: Buffer): Sample {
  const sample: Sample = { number: 0, flag: false, text: '', data: Buffer.alloc(0), inner: [] };
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tagOf(1, 'varint')) sample.number = reader.varint();
    else if (tag === tagOf(2, 'varint')) sample.flag = reader.bool();
    else if (tag === tagOf(3, 'bytes')) sample.text = reader.string();
    else if (tag === tagOf(4, 'bytes')) sample.data = buffer.subarray(reader.bytes(), reader.position);
    else if (tag === tagOf(5, 'bytes')) {
      const outerEnd = reader.enter();
      sample.inner.push(read(reader, buffer));
      reader.leave(outerEnd);
    } else reader.skip(tag);
  }
  return sample;
}

const { sample } = fc.letrec<{ sample: object }>((tie) => ({
  sample: fc.record({
    number: fc.maxSafeNat(),
    flag: fc.boolean(),
    text: fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ minLength: 40, maxLength: 300 })),
    data: fc.uint8Array({ maxLength: 300 }),
    inner: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('sample'), { maxLength: 3 })),
    wide: fc.nat(),
    narrow: fc.nat(),
    unknown: fc.constantFrom(0, -1),
    more: fc.uint8Array(),
  }),
}));

const encoded = sample.map((it) => Buffer.from(type.encode(type.fromObject(it)).finish()));

function twin(message: Buffer): Sample {
  const { wide, narrow, unknown, more, ...known } = type.toObject(type.decode(message), { longs: Number, defaults: true });
  return { ...known, inner: known.inner.map((inner: object) => twin(Buffer.from(type.encode(inner).finish()))) } as Sample;
}

function refusal(bytes: Buffer): unknown {
  try {
    read(new ProtobufReader(bytes), bytes);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a protobuf reader', () => {
  test('reads what protobufjs writes', () => {
    fc.assert(
      fc.property(encoded, (bytes) => {
        expect(read(new ProtobufReader(bytes), bytes)).toEqual(twin(bytes));
      }),
    );
  });

  test('reads a part of a buffer, and nothing beyond it', () => {
    fc.assert(
      fc.property(encoded, fc.uint8Array(), fc.uint8Array(), (bytes, before, after) => {
        const buffer = Buffer.concat([before, bytes, after]);
        const reader = new ProtobufReader(buffer, before.length, before.length + bytes.length);
        expect(read(reader, buffer)).toEqual(twin(bytes));
      }),
    );
  });

  test('truncated bytes are malformed, or end between two fields', () => {
    fc.assert(
      fc.property(encoded, (bytes) => {
        for (let length = 0; length < bytes.length; length++) {
          const error = refusal(bytes.subarray(0, length));
          if (error !== undefined) expect(error).toBeInstanceOf(MalformedMessage);
          else expect(() => type.decode(bytes.subarray(0, length))).not.toThrow();
        }
      }),
      { numRuns: 20 },
    );
  });

  test('any bytes are read or malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const error = refusal(Buffer.from(bytes));
        if (error !== undefined) expect(error).toBeInstanceOf(MalformedMessage);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['a number beyond 2^53', [8, 255, 255, 255, 255, 255, 255, 255, 127]],
    ['a number of eleven bytes', [8, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 0]],
    ['a number without an end', [8, 128]],
    ['an unknown number without an end', [64, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 0]],
    ['a field number of zero', [0, 0]],
    ['a field number that is too large', [128, 128, 128, 128, 16, 0]],
    ['a group', [11, 12]],
    ['a length beyond the end', [26, 2, 97]],
    ['a length that overflows', [26, 255, 255, 255, 255, 255, 255, 255, 15]],
    ['a string that is not UTF-8', [26, 1, 0xff]],
    ['half a surrogate pair', [26, 3, 0xed, 0xa0, 0x80]],
    ['a sub-message whose field ends outside', [42, 2, 26, 1, 97]],
  ])('%s is malformed', (_what, bytes) => {
    expect(refusal(Buffer.from(bytes))).toBeInstanceOf(MalformedMessage);
  });

  test('a number may have more bytes than it needs', () => {
    const bytes = Buffer.from([8, 0x85, 0x80, 0x80, 0x80, 0]);
    expect(read(new ProtobufReader(bytes), bytes).number).toBe(5);
  });

  test('a field of an unexpected wire type is skipped', () => {
    const bytes = Buffer.from([10, 1, 97, 24, 7]);
    expect(read(new ProtobufReader(bytes), bytes)).toMatchObject({ number: 0, text: '' });
  });
});
