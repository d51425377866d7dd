import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { KvError } from '../../errors.js';
import { decodeOpening } from '../frame-messages.js';
import { maxFrameBytes } from '../frame-stream.js';
import {
  type ControlKind,
  controlFrame,
  controlKinds,
  FrameParser,
  headerBytes,
  preface,
  writeFrameHeader,
} from './frame-format.js';

function messageFrame(content: Uint8Array): Buffer {
  const frame = Buffer.alloc(headerBytes + content.length);
  writeFrameHeader(frame, 0, content.length);
  frame.set(content, headerBytes);
  return frame;
}

/** A parser, and what it delivered: messages and control frames in hex. */
function recording(onDelivered: () => void = () => {}) {
  const delivered: string[] = [];
  const note = (text: string): void => {
    delivered.push(text);
    onDelivered();
  };
  const parser = new FrameParser({
    onFrame: (frame) => note(frame.toString('hex')),
    onControl: (kind, message) => note(`${kind} ${message.toString('hex')}`),
  });
  return { parser, delivered };
}

const kinds = Object.keys(controlKinds) as ControlKind[];
const anyFrame = fc.oneof(
  fc
    .uint8Array({ maxLength: 40 })
    .map((content) => ({ bytes: messageFrame(content), text: Buffer.from(content).toString('hex') })),
  fc.tuple(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 10 })).map(([kind, content]) => ({
    bytes: controlFrame(kind, content),
    text: `${kind} ${Buffer.from(content).toString('hex')}`,
  })),
);

describe('the parser of frames', () => {
  it('delivers the same frames wherever the bytes are split, and wherever it is paused', () => {
    const part = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(fc.array(anyFrame), fc.array(part, { minLength: 1 }), fc.array(fc.boolean()), (frames, parts, pauses) => {
        let isPaused = false;
        const { parser, delivered } = recording(() => {
          expect(isPaused).toBe(false);
          isPaused = pauses.pop() ?? false;
          if (isPaused) parser.pause();
        });
        const resume = (): void => {
          isPaused = false;
          parser.resume();
        };
        const bytes = Buffer.concat(frames.map((frame) => frame.bytes));
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + parts[turn % parts.length]!;
          parser.push(bytes.subarray(at, end));
          at = end;
          if (turn % 3 === 0) resume();
        }
        for (let turn = 0; turn <= frames.length; turn++) resume();
        expect(delivered).toEqual(frames.map(({ text }) => text));
        expect(parser.heldBytes).toBe(0);
      }),
    );
  });

  it('throws nothing but a KvError, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (parts) => {
        const { parser } = recording();
        try {
          for (const part of parts) parser.push(Buffer.from(part));
        } catch (error) {
          expect(error).toBeInstanceOf(KvError);
        }
      }),
    );
  });

  it('refuses a length beyond the limit before the content comes, of messages and of control frames', () => {
    const header = Buffer.alloc(headerBytes);
    for (const [length, largest] of [
      [maxFrameBytes + 1, maxFrameBytes],
      [0x8000_0000 + 64 * 1024 + 1, 64 * 1024],
    ] as const) {
      header.writeUInt32BE(length);
      expect(() => recording().parser.push(header)).toThrow(`larger than ${largest}`);
    }
    header.writeUInt32BE(maxFrameBytes);
    expect(() => recording().parser.push(header)).not.toThrow();
  });

  it('leaves out control frames of kinds that it does not know, and those without a kind', () => {
    const { parser, delivered } = recording();
    parser.push(Buffer.from([0x80, 0, 0, 2, 99, 7, 0x80, 0, 0, 0]));
    parser.push(controlFrame('ended'));
    expect(delivered).toEqual(['ended ']);
  });

  it('delivers a frame that comes byte by byte, and joins the bytes on the way', () => {
    const { parser, delivered } = recording();
    const content = Buffer.alloc(5_000, 9);
    for (const byte of messageFrame(content)) parser.push(Buffer.from([byte]));
    expect(delivered).toEqual([content.toString('hex')]);
  });
});

test('the example in docs/frames.md is an opening of the pipeline', () => {
  const document = readFileSync(join(import.meta.dirname, '../../../docs/frames.md'), 'utf8');
  const lines = document.matchAll(/^ {4}((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: {2,}.*)?$/gm);
  const bytes = Buffer.from([...lines].map(([, hex]) => hex!.replaceAll(' ', '')).join(''), 'hex');
  expect(bytes.subarray(0, preface.length)).toEqual(preface);
  const { parser, delivered } = recording();
  parser.push(bytes.subarray(preface.length));
  const [kind, message] = delivered[0]!.split(' ');
  expect([kind, parser.heldBytes]).toEqual(['opening', 0]);
  const opening = { protocolVersion: 1, rpc: 'kv.v1.KeyValue/Pipeline', clusterId: '' };
  expect(decodeOpening(Buffer.from(message!, 'hex'))).toEqual(opening);
});
