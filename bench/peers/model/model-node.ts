/**
 * A node of the TCP model: it sends a put to the two other nodes, waits until both have acknowledged it, and answers. It
 * stores nothing, so it answers a get with a constant at once. Its arguments are its port and the ports of the others.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ModelSender, messageKinds, receiveMessages } from './model-messages.js';

const host = '127.0.0.1';
const dialAgainMs = 50;
const valueOfGets = Buffer.alloc(100, 'v');

interface WaitingPut {
  readonly client: ModelSender;
  readonly number: number;
  missing: number;
}

const [ownPort, ...otherPorts] = process.argv.slice(2).map(Number);
const backups: ModelSender[] = [];
const waiting = new Map<number, WaitingPut>();
let puts = 0;

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  const sender = new ModelSender(socket);
  receiveMessages(socket, ({ kind, number, content }) => {
    if (kind === messageKinds.append) return sender.send(messageKinds.acknowledge, number);
    if (kind === messageKinds.get) return sender.send(messageKinds.answer, number, valueOfGets);
    // Without both backups there is no answer, so the one who starts the nodes asks again.
    if (backups.length < otherPorts.length) return void socket.destroy();
    puts = (puts + 1) >>> 0;
    waiting.set(puts, { client: sender, number, missing: backups.length });
    for (const backup of backups) backup.send(messageKinds.append, puts, content);
  });
});
server.listen(ownPort, host);
await Promise.all(otherPorts.map(dialBackup));

async function dialBackup(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ port, host, noDelay: true });
    try {
      await once(socket, 'connect');
    } catch {
      await pause(dialAgainMs);
      continue;
    }
    socket.on('error', () => {});
    receiveMessages(socket, ({ number }) => acknowledged(number));
    backups.push(new ModelSender(socket));
    return;
  }
}

function acknowledged(number: number): void {
  const put = waiting.get(number)!;
  put.missing -= 1;
  if (put.missing > 0) return;
  waiting.delete(number);
  put.client.send(messageKinds.answer, put.number);
}
