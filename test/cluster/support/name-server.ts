/**
 * A name server for the programs of a test, in place of the machine's name server. It knows names in `.test`, all at
 * 127.0.0.1, and can be made silent.
 *
 * A program uses it in a mount namespace of its own with another /etc/resolv.conf and /etc/nsswitch.conf, so the
 * machine's files stay unchanged. The port of a name server is always 53, so this one listens on a loopback address
 * that no other program uses. Both need root on Linux.
 */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const dnsPort = 53;

/**
 * $1 is the folder, the rest is the command. The shell replaces itself by the command, so signals reach the program.
 */
const inNamespace = `
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf
shift
exec "$@"
`;

export class NameServer implements AsyncDisposable {
  /** The words before a command that runs with this name server. */
  readonly launcher: readonly string[];
  readonly #socket: Socket;
  readonly #folder: string;
  #isSilent = false;
  /** The number of queries received, answered or not. */
  queries = 0;

  /** @returns the reason if this is not permitted */
  static async start(): Promise<NameServer | { readonly impossible: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'kvnode-names-'));
    const socket = createSocket('udp4');
    try {
      const address = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
      socket.bind(dnsPort, address);
      await once(socket, 'listening');
      await writeFile(join(folder, 'resolv.conf'), `nameserver ${address}\n`);
      await writeFile(join(folder, 'nsswitch.conf'), 'hosts: files dns\n');
      const server = new NameServer(socket, folder);
      const [program, ...words] = [...server.launcher, 'true'];
      await run(program!, words);
      return server;
    } catch (error) {
      socket.close();
      await rm(folder, { recursive: true });
      return { impossible: error instanceof Error ? error.message.trim() : String(error) };
    }
  }

  private constructor(socket: Socket, folder: string) {
    this.#socket = socket;
    this.#folder = folder;
    this.launcher = ['unshare', '--mount', '/bin/sh', '-ec', inNamespace, 'in-namespace', folder];
    socket.on('message', (query, { port, address }) => {
      this.queries += 1;
      if (!this.#isSilent) socket.send(answerTo(query), port, address);
    });
  }

  fallSilent(): void {
    this.#isSilent = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await rm(this.#folder, { recursive: true });
  }
}

const headerBytes = 12;
const typeA = 1;
/** The flags of an answer: recursion available, no error; then one question. */
const answerFlags = 0x8180;
/** A record: the name of the question, type A, class IN, a lifetime of one second, four bytes: 127.0.0.1. */
const loopbackRecord = Buffer.from([0xc0, headerBytes, 0, typeA, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);

/** Answers a question of type A with the address, and any other question with no record, which is not an error. */
function answerTo(query: Buffer): Buffer {
  const questionEnd = query.indexOf(0, headerBytes) + 1 + 4;
  const question = query.subarray(headerBytes, questionEnd);
  const isA = question.readUInt16BE(question.length - 4) === typeA;
  const header = Buffer.alloc(headerBytes);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(answerFlags, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isA ? 1 : 0, 6);
  return Buffer.concat([header, question, isA ? loopbackRecord : Buffer.alloc(0)]);
}
