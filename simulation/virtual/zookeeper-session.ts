/**
 * A process's client of ZooKeeper. The servers do what it requests in order. An answer may be lost with the
 * connection, and what was requested on a lost connection may still be done, late. A session expires when the servers
 * have not heard of it for long.
 */
import type { ProposalOutcome, ShardState } from '../../src/replication/index.js';
import type { Ensemble, RegisteredSession } from './ensemble.js';
import type { EventQueue } from './event-queue.js';
import { RequestLine } from './request-line.js';
import type { SessionOwner } from './session-owner.js';
import type { SessionPace } from './session-pace.js';
import { SessionTimeout } from './session-timeout.js';
import { ShownState } from './shown-state.js';

/** What becomes of a compare-and-set whose answer is lost. */
export interface LostReply {
  /** When the servers do it; undefined: never. */
  readonly lateMs: number | undefined;
  /** How long no connection succeeds; undefined: the connection lives on. */
  readonly reconnectMs: number | undefined;
}

export class ZookeeperSession<State = ShardState> {
  /** As the client sees it. */
  connected = false;
  watchesMuted = false;
  /** Scripts: what it requests waits. */
  held = false;
  hangsUntilMs = 0;
  loseNext: LostReply | undefined;
  readonly shown: ShownState<State>;
  readonly #queue: EventQueue;
  readonly #ensemble: Ensemble<State>;
  readonly #owner: SessionOwner<State>;
  readonly #pace: SessionPace;
  readonly #timeout: SessionTimeout;
  readonly #line: RequestLine;
  #session: RegisteredSession;
  #expired = false;
  /** It has not been connected yet. */
  #isNew = true;
  /** Grows with each connection: answers of an earlier one are lost. */
  #connection = 0;
  /** The connection that the owner has learnt of last. */
  #toldConnection = 0;
  #isLosing = false;
  /** Connection attempts fail until then. */
  #blockedUntilMs = 0;
  /** What the present connection shows from now on is as new as this, on the owner's clock. */
  #provenMs = Number.NEGATIVE_INFINITY;
  readonly #asked = { state: false, candidates: false };
  readonly #unanswered = new Set<number>();
  readonly #isHeld = (): boolean => this.held;
  readonly #watcher = (what: 'state' | 'candidates'): void => this.#watchFired(what);

  constructor(
    queue: EventQueue,
    ensemble: Ensemble<State>,
    owner: SessionOwner<State>,
    pace: SessionPace,
    sessionMs: number,
    syncs = false,
  ) {
    this.#queue = queue;
    this.#ensemble = ensemble;
    this.#owner = owner;
    this.#pace = pace;
    this.#line = new RequestLine(queue, () => pace.delayMs(), this.#isHeld);
    this.#timeout = new SessionTimeout(queue, ensemble, sessionMs, () => this.expire(0));
    this.shown = new ShownState(ensemble, syncs);
    this.#session = ensemble.newSession(owner.replicaId);
    ensemble.watch(this.#watcher);
    this.#queue.after(pace.delayMs(), () => this.#connect());
    this.#keepUp();
  }

  write(proposal: number, expectedVersion: number | undefined, next: State): void {
    // What the owner requests on a connection that is gone is not sent on the next one.
    if (!this.connected || this.#toldConnection !== this.#connection) return this.#answer(proposal, { kind: 'notSent' });
    if (this.loseNext !== undefined && !this.#isLosing) return this.#writeUnheard(this.loseNext, proposal, expectedVersion, next);
    const sentMs = this.#owner.nowMs;
    this.#unanswered.add(proposal);
    this.#request(
      () => {
        const outcome = this.#ensemble.compareAndSet(expectedVersion, next);
        this.shown.noteWrite();
        return outcome;
      },
      (outcome) => {
        this.#unanswered.delete(proposal);
        if (outcome.kind === 'applied') this.#provenMs = Math.max(this.#provenMs, sentMs);
        this.#owner.handle({ type: 'proposalResult', proposal, outcome });
      },
      this.#pace.survives(),
    );
  }

  /** Its answer is lost; `loseNext` stands until then. */
  #writeUnheard(lost: LostReply, proposal: number, expectedVersion: number | undefined, next: State): void {
    const session = this.#session;
    const { incarnation } = this.#ensemble;
    const apply = (): void => {
      if (this.#isLive(session) && incarnation === this.#ensemble.incarnation)
        this.#ensemble.compareAndSet(expectedVersion, next);
    };
    this.#isLosing = true;
    this.#unanswered.add(proposal);
    if (lost.lateMs !== undefined) this.#queue.after(lost.lateMs, apply, this.#isHeld);
    const lose = (): void => {
      this.#isLosing = false;
      this.loseNext = undefined;
      if (lost.reconnectMs !== undefined) this.#owner.loseConnection(lost.reconnectMs);
      else if (this.#unanswered.delete(proposal)) this.#answer(proposal, { kind: 'unknown' });
    };
    this.#queue.after(this.#pace.delayMs(), lose, this.#isHeld);
  }

  /** `afterWrite`: what is read then is as new as a write of this session, which goes before it. */
  refresh(afterWrite = false): void {
    const sentMs = this.#owner.nowMs;
    const write = (): void => {
      this.#register();
      this.shown.catchUp();
    };
    const read = (): void => {
      this.#provenMs = Math.max(this.#provenMs, sentMs);
      this.#ask('state');
    };
    if (afterWrite) this.#request(write, read, true);
    else this.#ask('state');
  }

  /** The connection is lost, and no attempt succeeds for this time. */
  disconnect(forMs: number): void {
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs, this.#queue.nowMs + forMs);
    if (this.connected) this.#lostConnection();
    this.#queue.after(forMs + this.#pace.delayMs(), () => this.#connect());
  }

  /** Scripts: it is connected and its candidate znode stands, at once. */
  reconnect(): void {
    this.#blockedUntilMs = 0;
    this.#connect();
    if (this.connected) this.#register();
  }

  /** The servers take it for dead. It learns of that after `noticedAfterMs`. */
  expire(noticedAfterMs: number): void {
    if (this.#expired) return;
    this.#expired = true;
    this.#ensemble.unregister(this.#session);
    const connection = this.#connection;
    this.#queue.after(noticedAfterMs, () => {
      if (this.connected && connection === this.#connection) this.#lostConnection();
      this.#connect();
    });
  }

  /** The process is frozen, dead or silent: the servers receive nothing more from it. */
  fallSilent(): void {
    this.#timeout.start();
  }
  speakAgain(): void {
    if (this.connected && !this.#owner.paused) this.#timeout.stop();
  }

  /** Its process has ended. A planned end closes the session; after a crash the servers wait until it expires. */
  close(clean: boolean): void {
    this.#ensemble.unwatch(this.#watcher);
    this.#connection += 1;
    this.connected = false;
    if (clean) this.#ensemble.unregister(this.#session);
    else this.fallSilent();
  }

  /** Writes its candidate znode again, with what has changed. */
  announce(): void {
    this.#request(
      () => this.#register(),
      () => {},
      true,
    );
  }

  #connect(): void {
    if (!this.#owner.alive || this.connected) return;
    const waitMs = Math.max(this.#blockedUntilMs, this.#ensemble.awayUntilMs, this.hangsUntilMs) - this.#queue.nowMs;
    if (waitMs > 0 || this.#owner.paused) {
      this.#queue.after(Math.max(waitMs, 20) + this.#pace.delayMs(), () => this.#connect());
      return;
    }
    if (this.#expired) {
      this.#expired = false;
      this.#session = this.#ensemble.newSession(this.#owner.replicaId);
      this.#isNew = true;
    }
    this.shown.connect(this.#isNew);
    this.#provenMs = this.#isNew ? this.#owner.nowMs : Number.NEGATIVE_INFINITY;
    this.#isNew = false;
    this.connected = true;
    this.#timeout.stop();
    this.#connection += 1;
    this.#asked.state = false;
    this.#asked.candidates = false;
    const connection = this.#connection;
    this.#later(() => {
      this.#toldConnection = connection;
      this.#owner.handle({ type: 'session', connected: true });
    });
    this.announce();
    this.#ask('state');
    this.#ask('candidates');
  }

  #lostConnection(): void {
    this.connected = false;
    this.#connection += 1;
    this.fallSilent();
    this.#later(() => this.#owner.handle({ type: 'session', connected: false }));
    for (const proposal of this.#unanswered) this.#answer(proposal, { kind: 'unknown' });
    this.#unanswered.clear();
  }

  /** R14: everything is read again from time to time. */
  #keepUp(): void {
    const { readAgainMs } = this.#pace;
    if (readAgainMs === undefined) return;
    this.#queue.after(readAgainMs, () => {
      if (!this.#owner.alive) return;
      this.announce();
      this.#ask('state');
      this.#ask('candidates');
      this.#keepUp();
    });
  }

  #register(): void {
    if (this.#owner.alive) this.#ensemble.register(this.#session, this.#owner.stopping, this.#owner.historyHeld);
  }

  #watchFired(what: 'state' | 'candidates'): void {
    if (!this.connected || this.watchesMuted) return;
    this.#queue.after(this.#pace.watchDelayMs(), () => this.#owner.run(() => this.#ask(what, true)));
  }

  #ask(what: 'state' | 'candidates', watched = false): void {
    if (!this.connected || this.#asked[what]) return;
    this.#asked[what] = true;
    this.#request(
      () => {
        this.#asked[what] = false;
        return { ...this.shown.read(what, watched), asOfMs: this.#provenMs };
      },
      ({ znode, candidates, isRestored, asOfMs }) => {
        if (what === 'candidates') this.#owner.handle({ type: 'candidates', candidates });
        else if (znode === undefined) this.#owner.handle({ type: 'stateMissing', isRestored, asOfMs });
        else this.#owner.handle({ type: 'stateRead', ...znode, asOfMs });
      },
      false,
    );
  }

  /** `survives`: it is done although the connection is lost before it arrives. */
  #request<Result>(serve: () => Result, answer: (result: Result) => void, survives: boolean): void {
    if (!this.connected) return;
    const connection = this.#connection;
    const session = this.#session;
    const { incarnation } = this.#ensemble;
    const isCurrent = (): boolean => connection === this.#connection;
    this.#line.send(Math.max(this.hangsUntilMs, this.#ensemble.awayUntilMs), () => {
      if ((!isCurrent() && !survives) || !this.#isLive(session) || incarnation !== this.#ensemble.incarnation) return;
      const result = serve();
      this.#line.sendBack(this.hangsUntilMs, () => {
        if (isCurrent()) this.#owner.run(() => isCurrent() && answer(result));
      });
    });
  }

  #isLive(session: RegisteredSession): boolean {
    return session === this.#session && !this.#expired;
  }
  #answer(proposal: number, outcome: ProposalOutcome): void {
    this.#later(() => this.#owner.handle({ type: 'proposalResult', proposal, outcome }));
  }
  #later(work: () => void): void {
    this.#queue.after(0, () => this.#owner.run(work));
  }
}
