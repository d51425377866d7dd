/**
 * The ways between replicas, without delays. A script holds a direction (what is on its way waits), cuts it (what is
 * sent is lost), or filters what is sent.
 */
import type { EventQueue } from '../../../simulation/virtual/event-queue.js';
import type { Bounds, Ways } from '../../../simulation/virtual/paths.js';
import type { Message } from '../protocol/message.js';

export type MessageFilter = (message: Message) => boolean;

export class ScriptedWays implements Ways {
  /** Every message sent, for tests to look at. */
  readonly sent: Message[] = [];
  readonly #queue: EventQueue;
  readonly #cut = new Set<string>();
  readonly #held = new Set<string>();
  #drops: MessageFilter[] = [];

  readonly #isPaused: (node: number) => boolean;

  /** What is on its way to a paused process waits, and is lost with its stream. */
  constructor(queue: EventQueue, isPaused: (node: number) => boolean) {
    this.#queue = queue;
    this.#isPaused = isPaused;
  }

  cut(from: number, to: number): void {
    this.#cut.add(`${from} ${to}`);
  }
  hold(from: number, to: number): void {
    this.#held.add(`${from} ${to}`);
  }
  drop(filter: MessageFilter): void {
    this.#drops.push(filter);
  }
  /** Ends everything that cut, hold and drop began. What was held is delivered. */
  heal(): void {
    this.#cut.clear();
    this.#held.clear();
    this.#drops = [];
  }

  /** Whether the message is lost as it is sent. */
  loses(message: Message, from: number, to: number): boolean {
    this.sent.push(message);
    return this.#cut.has(`${from} ${to}`) || this.#drops.some((drops) => drops(message));
  }

  /** A connection outlives every cut. */
  isCut(): boolean {
    return false;
  }
  whenOpen(_from: number, _to: number, then: (broken: boolean) => void): void {
    then(false);
  }
  dropsBeacon(): boolean {
    return false;
  }
  carry(from: number, to: number, arrive: () => void, { isHeld }: Bounds = {}): number {
    const way = `${from} ${to}`;
    const waits = (): boolean => this.#cut.has(way) || this.#held.has(way) || this.#isPaused(to) || isHeld?.() === true;
    this.#queue.after(0, arrive, waits);
    return this.#queue.nowMs;
  }
}
