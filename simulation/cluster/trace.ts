/** The record of a run for people to read, and a digest that differs between any two different runs. */
import type { Effect, Event, Message } from '../../src/replication/index.js';
import type { EventQueue } from '../virtual/event-queue.js';
import type { SimProcess } from './sim-process.js';

const codes: Record<Event['type'], number> = {
  tick: 1,
  write: 2,
  flush: 3,
  message: 4,
  linkUp: 5,
  linkDown: 6,
  persisted: 7,
  session: 8,
  candidates: 9,
  stateRead: 10,
  stateMissing: 11,
  proposalResult: 12,
  snapshotRequested: 13,
  snapshotBegun: 14,
  snapshotChunk: 15,
  snapshotEnded: 16,
  snapshotFailed: 17,
  stop: 18,
  force: 19,
  orderedRead: 20,
  placed: 21,
  applyRest: 22,
  transact: 23,
  snapshotRequests: 24,
  due: 25,
  flushed: 26,
  logRead: 27,
  logUnavailable: 28,
  logTrimmed: 29,
};
const quietMessages: ReadonlySet<string> = new Set(['beacon', 'beaconAnswer']);

export class Trace {
  readonly lines: string[] = [];
  digest = 0;
  readonly #queue: EventQueue;
  readonly #recording: boolean;
  readonly #lastRead = new Map<string, string>();

  constructor(queue: EventQueue, recording: boolean) {
    this.#queue = queue;
    this.#recording = recording;
  }

  /** `node` undefined: the line concerns no single node. */
  add(node: number | undefined, what: () => string): void {
    if (!this.#recording) return;
    const at = `${this.#queue.nowMs.toFixed(1)} ms`.padStart(12);
    this.lines.push(`${at}  ${node === undefined ? '' : `n${node} `}${what()}`);
  }

  event(process: SimProcess, event: Event): void {
    const timeUs = Math.floor(this.#queue.nowMs * 1000);
    this.digest =
      Math.imul(this.digest ^ timeUs ^ (codes[event.type] << 8) ^ (process.world.shard << 16) ^ process.nodeIndex, 0x01000193) ^
      (this.digest >>> 13);
    if (!this.#recording || event.type === 'tick' || event.type === 'flush') return;
    if (event.type === 'message' && quietMessages.has(event.message.body.type)) return;
    const text = eventText(event);
    if (this.#isOldNews(process, event, text)) return;
    this.add(process.nodeIndex, () => `${process.label} <- ${text}`);
  }

  /** Replicas read ZooKeeper again and again, so an unchanged reading is not recorded again. */
  #isOldNews(process: SimProcess, { type }: Event, text: string): boolean {
    if (type !== 'stateRead' && type !== 'candidates') return false;
    const known = `${process.label} ${type}`;
    if (this.#lastRead.get(known) === text) return true;
    this.#lastRead.set(known, text);
    return false;
  }

  effect(process: SimProcess, effect: Effect): void {
    if (!this.#recording || effect.type === 'send' || effect.type === 'links' || effect.type === 'refreshState') return;
    this.add(process.nodeIndex, () => `${process.label} -> ${effectText(effect)}`);
  }
}

function eventText(event: Event): string {
  if (event.type === 'message') return messageText(event.message);
  if (event.type === 'write') return `write ${event.key}${event.ifVersion === undefined ? '' : ` if ${event.ifVersion}`}`;
  return plain(event);
}

function messageText({ epoch, from, body }: Message): string {
  return `${from} in epoch ${epoch}: ${plain(body)}`;
}

function effectText(effect: Effect): string {
  if (effect.type === 'answer') return `answer ${plain(effect.answer)}`;
  if (effect.type === 'apply') return `apply ${effect.entries.map(({ seq, epoch }) => `${seq}@${epoch}`).join(' ')}`;
  if (effect.type === 'persist') return `persist #${effect.write} ${plain(effect.change)}`;
  return plain(effect);
}

/** Values and functions left out. */
function plain(what: object): string {
  return JSON.stringify(what, (name, value: unknown) => (name === 'value' || name === 'token' ? undefined : value));
}
