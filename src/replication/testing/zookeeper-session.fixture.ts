/** A node's session with ZooKeeper: what it has asked for and has not been answered. In order, as ZooKeeper does it. */
import type { Event, ProposalOutcome } from '../protocol/event.js';
import type { ShardState } from '../protocol/shard-state.js';
import type { FakeRegister } from './fake-register.fixture.js';

interface StateWrite {
  readonly kind: 'write';
  readonly proposal: number;
  readonly expectedVersion: number | undefined;
  readonly next: ShardState;
  /** Undefined until the servers have done it. */
  outcome: ProposalOutcome | undefined;
}

type Request =
  | StateWrite
  | { readonly kind: 'readState' }
  | { readonly kind: 'readCandidates' }
  /** Of the session's own znode: what is read after it is as new. */
  | { readonly kind: 'rewrite'; readonly sentMs: number };

export class ZookeeperSession {
  connected = false;
  /** Since when the servers have not heard of it; undefined while they do. */
  silentSinceMs: number | undefined;
  /** Its candidate znode stands. */
  registered = false;
  /** True: no watch of this session fires. */
  watchesMuted = false;
  /** True: what it asks for waits. */
  held = false;
  /** By how many changes the server it reads from lags. */
  lag = 0;
  /** What becomes of its next compare-and-set, if its answer is to be lost. */
  loseNextAnswer: 'applied' | 'notApplied' | undefined;
  /** It has just been created, and is shown what was there before. */
  isNew = true;
  /** What is read is as new as this. */
  #provenMs = Number.NEGATIVE_INFINITY;
  #queue: Request[] = [];
  /** To be handed to the replica. */
  #events: Event[] = [];

  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isBusy(): boolean {
    return this.#events.length > 0 || (this.connected && !this.held && this.#queue.length > 0);
  }

  write(proposal: number, expectedVersion: number | undefined, next: ShardState): void {
    // What the replica asks for on a connection that is gone is not sent on the next one.
    const isCurrent = this.connected && !this.#events.some(({ type }) => type === 'session');
    if (isCurrent) this.#queue.push({ kind: 'write', proposal, expectedVersion, next, outcome: undefined });
    else this.#events.push({ type: 'proposalResult', proposal, outcome: { kind: 'notSent' } });
  }

  refresh(afterWrite: boolean): void {
    if (afterWrite && this.connected) this.#queue.push({ kind: 'rewrite', sentMs: this.#now() }, { kind: 'readState' });
    else this.#ask('readState');
  }
  watchFired(what: 'state' | 'candidates'): void {
    if (!this.watchesMuted) this.#ask(what === 'state' ? 'readState' : 'readCandidates');
  }

  connect(): void {
    this.#provenMs = this.isNew ? this.#now() : Number.NEGATIVE_INFINITY;
    if (this.isNew) this.lag = 0;
    this.isNew = false;
    this.connected = true;
    this.silentSinceMs = undefined;
    this.#events.push({ type: 'session', connected: true });
    this.#ask('readState');
    this.#ask('readCandidates');
  }

  /** What was asked for and not answered stays unknown, whether the servers have done it or not. */
  disconnect(nowMs: number): void {
    if (!this.connected) return;
    this.connected = false;
    this.silentSinceMs ??= nowMs;
    this.#events.push({ type: 'session', connected: false });
    for (const request of this.#queue) {
      if (request.kind === 'write') this.#events.push(unknownOutcome(request));
    }
    this.#queue = [];
  }

  /** Does one thing at the servers, or takes one answer from them; returns what the replica is to be told. */
  step(register: FakeRegister): Event | undefined {
    const event = this.#events.shift();
    if (event !== undefined) return event;
    const request = this.#queue[0];
    if (request === undefined) return undefined;
    if (request.kind === 'write') return this.#stepWrite(request, register);
    this.#queue.shift();
    if (request.kind === 'rewrite') {
      this.#provenMs = Math.max(this.#provenMs, request.sentMs);
      this.lag = 0;
      return undefined;
    }
    if (request.kind === 'readCandidates') return { type: 'candidates', candidates: register.candidates };
    const znode = register.read(this.lag);
    const asOfMs = this.#provenMs;
    if (znode === undefined) return { type: 'stateMissing', isRestored: register.wasLost, asOfMs };
    return { type: 'stateRead', ...znode, asOfMs };
  }

  /** First the servers do it, in another step the answer arrives: what happens between the two is up to the schedule. */
  #stepWrite(request: StateWrite, register: FakeRegister): Event | undefined {
    const { loseNextAnswer } = this;
    if (request.outcome === undefined && loseNextAnswer !== 'notApplied') {
      request.outcome = register.compareAndSet(request.expectedVersion, request.next);
      return undefined;
    }
    this.#queue.shift();
    this.loseNextAnswer = undefined;
    if (loseNextAnswer !== undefined) return unknownOutcome(request);
    return { type: 'proposalResult', proposal: request.proposal, outcome: request.outcome! };
  }

  #ask(kind: 'readState' | 'readCandidates'): void {
    if (this.connected && !this.#queue.some((request) => request.kind === kind)) this.#queue.push({ kind });
  }
}

function unknownOutcome(request: StateWrite): Event {
  return { type: 'proposalResult', proposal: request.proposal, outcome: { kind: 'unknown' } };
}
