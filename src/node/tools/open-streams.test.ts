import { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { OpenStreams } from './open-streams.js';

type Stream = Parameters<OpenStreams['admit']>[0];

class FakeStream extends EventEmitter {
  readonly refusals: { readonly code: number }[] = [];
  ended = false;

  constructor() {
    super();
    this.on('error', (error) => this.refusals.push(error));
  }
  end(): void {
    this.ended = true;
  }
}

const admit = (streams: OpenStreams, stream: FakeStream) => streams.admit(stream as unknown as Stream);

test('beyond the limit a stream is refused, until another has ended', () => {
  const streams = new OpenStreams('watches', 1);
  const [first, second, third] = [new FakeStream(), new FakeStream(), new FakeStream()] as const;
  expect(admit(streams, first)).toBe(true);
  expect(admit(streams, second)).toBe(false);
  expect(second.refusals).toMatchObject([{ code: status.RESOURCE_EXHAUSTED }]);
  first.emit('cancelled');
  expect(admit(streams, third)).toBe(true);
});

test('the end of the node ends the open streams, but not one that has ended already', () => {
  const streams = new OpenStreams('watches', 2);
  const [over, open] = [new FakeStream(), new FakeStream()] as const;
  for (const stream of [over, open]) admit(streams, stream);
  over.emit('cancelled');
  streams.endAll();
  expect([over.ended, open.ended]).toEqual([false, true]);
});
