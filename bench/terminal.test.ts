import type { WriteStream } from 'node:tty';
import { expect, test } from 'vitest';
import { LiveLine } from './terminal.js';

function terminal(columns: number): { out: WriteStream; written: string[] } {
  const written: string[] = [];
  const out = { isTTY: true, columns, write: (text: string) => written.push(text) > 0 } as unknown as WriteStream;
  return { out, written };
}

test('live line - is overwritten by one write, and cut before it would wrap', () => {
  const { out, written } = terminal(8);
  const line = new LiveLine(out);
  line.show('0123456789');
  line.show('abc');
  expect(written).toEqual(['\r0123456\x1b[K', '\rabc\x1b[K']);
});

test('live line - notes stay above it, and clearing removes it', () => {
  const { out, written } = terminal(80);
  const line = new LiveLine(out);
  line.note('first');
  line.show('now');
  line.note('second');
  line.clear();
  line.clear();
  expect(written).toEqual(['first\n', '\rnow\x1b[K', '\rsecond\x1b[K\nnow', '\r\x1b[K']);
});

test('live line - a node id cannot control the terminal', () => {
  const { out, written } = terminal(80);
  new LiveLine(out).note('primary \x1b[2Jn1\n');
  expect(written).toEqual(['primary \u{fffd}[2Jn1\u{fffd}\n']);
});
