import { expect, test } from 'vitest';
import { KvError } from '../errors.js';
import { FrameCounts } from './frame-counts.js';
import type { FrameStream, OpeningListener } from './frame-stream.js';

test('frames and their bytes are counted in both directions, and everything is passed on', () => {
  const counts = new FrameCounts();
  const calls: string[] = [];
  const note = (what: string) => (): void => void calls.push(what);
  const stream: FrameStream = {
    queuedBytes: 7,
    send: (frame) => calls.push(`send ${frame.length}`) < 0,
    pause: note('pause'),
    resume: note('resume'),
    end: note('end'),
    fail: (error) => calls.push(`fail ${error.code}`),
    cancel: note('cancel'),
  };
  const listener: OpeningListener = {
    onAccepted: (clusterId) => calls.push(`accepted ${clusterId}`),
    onFrame: (frame) => calls.push(`frame ${frame.length}`),
    onDrain: note('drain'),
    onEnd: note('ended'),
    onClosed: (error) => calls.push(`closed ${error?.code}`),
  };
  let inner!: OpeningListener;
  const counted = counts.open((given) => {
    inner = given;
    return stream;
  }, listener);
  inner.onAccepted('c');
  inner.onFrame(Buffer.alloc(3));
  inner.onFrame(Buffer.alloc(4));
  expect(counted.send(Buffer.alloc(5))).toBe(false);
  inner.onDrain();
  counted.pause();
  counted.resume();
  inner.onEnd();
  counted.end();
  counted.fail(new KvError('INTERNAL', 'x'));
  counted.cancel();
  inner.onClosed(new KvError('CANCELLED', 'x'));
  expect(calls.join(', ')).toBe(
    'accepted c, frame 3, frame 4, send 5, drain, pause, resume, ended, end, fail INTERNAL, cancel, closed CANCELLED',
  );
  expect(counted.queuedBytes).toBe(7);
  expect({ ...counts }).toEqual({ sent: 1, received: 2, sentBytes: 5, receivedBytes: 7 });
});

test('a listener at a server has nothing to accept', () => {
  const quiet = { onFrame() {}, onDrain() {}, onEnd() {}, onClosed() {} };
  const open = (given: OpeningListener): FrameStream => {
    expect(() => given.onAccepted('c')).not.toThrow();
    return {} as FrameStream;
  };
  new FrameCounts().open(open, quiet);
});
