import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { ProtobufWriter } from './protobuf-writer.js';

/** A message with one field of each kind, which protobufjs decodes. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Sample {
    uint32 small = 1;
    uint64 large = 2;
    bool flag = 3;
    string text = 4;
    bytes data = 5;
    repeated Sample inner = 6;
    uint64 far = 2000;
  }`);
const type = root.lookupType('Sample');

interface Sample {
  small: number;
  large: number;
  flag: boolean;
  text: string;
  data: Uint8Array;
  far: number;
  inner: Sample[];
}

const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.record({
    small: fc.nat(0xffff_ffff),
    large: fc.maxSafeNat(),
    flag: fc.boolean(),
    text: fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 40, maxLength: 300 })),
    data: fc.uint8Array({ maxLength: 300 }),
    far: fc.maxSafeNat(),
    inner: fc.oneof({ maxDepth: 3 }, fc.constant<Sample[]>([]), fc.array(tie('sample'), { maxLength: 3 })),
  }),
}));

function write(writer: ProtobufWriter, { small, large, flag, text, data, far, inner }: Sample, expectedBytes: number): void {
  writer.uint32(1, small);
  writer.uint64(2, large);
  writer.bool(3, flag);
  writer.string(4, text);
  writer.bytes(5, data);
  for (const each of inner) {
    writer.begin(6, expectedBytes);
    write(writer, each, expectedBytes);
    writer.end();
  }
  writer.uint64(2_000, far);
}

function decoded(message: Uint8Array): Sample {
  return type.toObject(type.decode(message), { longs: Number, defaults: true }) as Sample;
}

/** The sample with a Buffer for its bytes, as `decoded` returns it. */
function asDecoded(sample: Sample): Sample {
  return { ...sample, data: Buffer.from(sample.data), inner: sample.inner.map(asDecoded) };
}

describe('a protobuf writer', () => {
  test('writes bytes that protobufjs reads', () => {
    fc.assert(
      fc.property(sample, fc.nat(40_000), (it, expectedBytes) => {
        const writer = new ProtobufWriter();
        write(writer, it, expectedBytes);
        expect(decoded(writer.take())).toEqual(asDecoded(it));
      }),
    );
  });

  test('a finished message stays unchanged while other messages are written', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 2, maxLength: 20 }), fc.integer({ min: 1, max: 3_000 }), (all, repeats) => {
        const writer = new ProtobufWriter();
        const filler = new Uint8Array(repeats).fill(7);
        const taken = all.map((it) => {
          write(writer, it, 0);
          const message = writer.take();
          writer.bytes(5, filler);
          writer.take();
          return message;
        });
        expect(taken.map(decoded)).toEqual(all.map(asDecoded));
      }),
    );
  });

  test.each([0, 1, 127, 128, 16_383, 16_384, 20_000, 2_097_151, 2_097_152])('a sub-message of %i bytes', (bytes) => {
    const writer = new ProtobufWriter();
    for (const expected of [0, bytes, 4_000_000]) {
      writer.begin(6, expected);
      writer.raw(new Uint8Array(bytes).fill(8));
      writer.end();
      const message = writer.take();
      const reader = protobuf.Reader.create(message);
      expect([reader.uint32(), reader.uint32(), reader.pos + bytes]).toEqual([50, bytes, message.length]);
    }
  });

  test.each([-1, 1.5 + 2 ** 40, 2 ** 53, Number.POSITIVE_INFINITY])('%d is refused', (value) => {
    expect(() => new ProtobufWriter().uint64(1, value)).toThrow(RangeError);
  });

  test('a sub-message that is not closed is an error', () => {
    const writer = new ProtobufWriter();
    writer.begin(6);
    expect(() => writer.take()).toThrow();
    writer.end();
    expect(() => writer.end()).toThrow();
  });
});
