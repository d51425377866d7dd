import { connect, type Socket } from 'node:net';

/** A raw connection that sends some bytes, and records the received bytes until it is closed. */
export class Stranger {
  readonly socket: Socket;
  /** Settles when the connection is open or was refused. */
  readonly met: Promise<unknown>;
  readonly closed: Promise<unknown>;
  received = '';

  constructor(host: string, port: number, bytes: string | Buffer) {
    this.socket = connect(port, host);
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => {
      this.received += data.toString('latin1');
    });
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.met = Promise.race([this.closed, new Promise((resolve) => this.socket.once('connect', resolve))]);
    if (bytes.length > 0) this.socket.write(bytes);
  }
}
