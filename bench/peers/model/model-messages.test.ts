import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ModelSender, messageKinds, receiveMessages } from './model-messages.js';

class FakeSocket extends EventEmitter {
  readonly writes: Buffer[] = [];
  write(bytes: Buffer): void {
    this.writes.push(bytes);
    this.emit('written');
  }
}

const asSocket = (fake: FakeSocket) => fake as unknown as Socket;

test('the messages of a turn leave in one write, and come out whole wherever the bytes are cut', async () => {
  const out = new FakeSocket();
  const sender = new ModelSender(asSocket(out));
  sender.send(messageKinds.put, 1, Buffer.from('one'));
  sender.send(messageKinds.acknowledge, 0xffff_ffff);
  sender.send(messageKinds.answer, 3, Buffer.alloc(1_000, 'x'));
  await once(out, 'written');
  expect(out.writes).toHaveLength(1);
  const [bytes] = out.writes as [Buffer];
  for (const size of [1, 2, 3, 7, 500, bytes.length]) {
    const received: string[] = [];
    const socket = new FakeSocket();
    receiveMessages(asSocket(socket), ({ kind, number, content }) => received.push(`${kind} ${number} ${content.toString()}`));
    for (let at = 0; at < bytes.length; at += size) socket.emit('data', bytes.subarray(at, at + size));
    expect(received).toEqual(['0 1 one', '3 4294967295 ', `4 3 ${'x'.repeat(1_000)}`]);
  }
});
