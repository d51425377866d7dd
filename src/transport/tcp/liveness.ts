/**
 * Watches one connection, once a second: finds an other end that has vanished without closing the connection, and one that no
 * longer reads. It counts its looks and not the time. So a process that was stopped itself reads what has arrived before it judges.
 */
import type { Socket } from 'node:net';

const lookMs = 1_000;
/** With the keepalive of the gRPC channels: a ping after 5 s of silence, the end 2 s later. The first look may come at once. */
const pingLooks = 6;
const vanishedLooks = pingLooks + 2;
/** Looks in which none of the waiting bytes has left. A frozen process may return within this time. */
const stalledLooks = 30;
export const stalledMs = stalledLooks * lookMs;

export interface LivenessActions {
  /** Asks the other end for a byte. */
  ping(): void;
  /** Sends a byte that asks for nothing: this end reads nothing at present, not even pings. */
  signOfLife(): void;
  giveUp(reason: 'unresponsive' | 'not_reading'): void;
}

export class Liveness {
  readonly #socket: Socket;
  readonly #actions: LivenessActions;
  #timer: NodeJS.Timeout | undefined;
  #silentLooks = 0;
  #stalledLooks = 0;
  #leftBytes = 0;

  constructor(socket: Socket, actions: LivenessActions) {
    this.#socket = socket;
    this.#actions = actions;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A byte has come. */
  received(): void {
    this.#silentLooks = 0;
  }

  #look(): void {
    if (this.#isStalled()) return this.#actions.giveUp('not_reading');
    if (this.#socket.isPaused()) return this.#actions.signOfLife();
    this.#silentLooks += 1;
    if (this.#silentLooks === pingLooks) this.#actions.ping();
    if (this.#silentLooks >= vanishedLooks) this.#actions.giveUp('unresponsive');
  }

  #isStalled(): boolean {
    const { bytesWritten, writableLength } = this.#socket;
    const left = bytesWritten - writableLength;
    const isMoving = writableLength === 0 || left !== this.#leftBytes;
    this.#leftBytes = left;
    this.#stalledLooks = isMoving ? 0 : this.#stalledLooks + 1;
    return this.#stalledLooks >= stalledLooks;
  }
}
