/**
 * One node: a replica with its disk and store, and the shell around it that does what its effects say. What reaches
 * beyond the node goes to the `Surroundings`.
 */

import { Disk } from '../../../simulation/virtual/disk.js';
import type { Ensemble } from '../../../simulation/virtual/ensemble.js';
import type { EventQueue } from '../../../simulation/virtual/event-queue.js';
import { Store } from '../../../simulation/virtual/store.js';
import type { Answer, Effect, Note } from '../protocol/effect.js';
import type { Event } from '../protocol/event.js';
import type { ReplicaId } from '../protocol/ids.js';
import type { LogEntry } from '../protocol/log-entry.js';
import type { ReplicaOptions } from '../protocol/replica-options.js';
import { Replica } from '../replica.js';
import { ScriptedSession } from './scripted-session.fixture.js';

/** A request of a client, and what became of it. */
export interface Call {
  readonly key: string;
  readonly value: string | undefined;
  readonly answers: Answer[];
}

export interface Surroundings {
  readonly queue: EventQueue;
  readonly register: Ensemble;
  /** Everything that is not the node's own: messages, links, dumps. */
  perform(node: VirtualNode, effect: Effect): void;
  onApplied(node: VirtualNode, entries: readonly LogEntry[]): void;
  onAnswer(node: VirtualNode, call: Call, answer: Answer): void;
}

export class VirtualNode {
  readonly name: string;
  readonly replicaId: ReplicaId;
  readonly replica: Replica;
  readonly disk: Disk;
  readonly store = new Store();
  readonly session: ScriptedSession;
  readonly notes: Note[] = [];
  readonly roles: string[] = [];
  alive = true;
  paused = false;
  stopping = false;
  historyHeld: string | undefined;
  stopped: 'no' | 'clean' | 'unclean' | 'released' = 'no';
  readonly #around: Surroundings;
  /** The last entry that has reached the store. */
  #appliedSeq = 0;

  constructor(name: string, replicaId: ReplicaId, options: Omit<ReplicaOptions, 'replicaId' | 'idSeed'>, around: Surroundings) {
    this.name = name;
    this.replicaId = replicaId;
    this.disk = new Disk(replicaId);
    this.replica = new Replica({ ...options, replicaId, idSeed: `${replicaId}/` }, around.queue.nowMs);
    this.#around = around;
    this.session = new ScriptedSession(around.queue, around.register, this);
  }

  get runs(): boolean {
    return this.alive && !this.paused;
  }

  get nowMs(): number {
    return this.#around.queue.nowMs;
  }

  /** Now, or once it is resumed. */
  run(work: () => void): void {
    if (!this.alive) return;
    if (this.paused)
      this.#around.queue.after(
        0,
        () => this.run(work),
        () => this.paused,
      );
    else work();
  }

  pause(): void {
    this.paused = true;
    this.session.fallSilent();
  }
  resume(): void {
    this.paused = false;
    this.session.speakAgain();
  }
  loseConnection(): void {
    this.session.loseConnection();
  }

  handle(event: Event): void {
    if (!this.alive) return;
    this.replica.handle(event, this.nowMs);
    this.#performEffects();
    if (!this.disk.hangs) this.completeWrites();
  }

  completeWrites(): void {
    while (this.disk.hasPending) this.completeOneWrite();
  }

  completeOneWrite(): void {
    const write = this.disk.completeOne();
    if (write === undefined || !this.alive) return;
    this.replica.handle({ type: 'persisted', write }, this.nowMs);
    this.#performEffects();
  }

  write(key: string, value: string | undefined, ifVersion?: number): Call {
    const call: Call = { key, value, answers: [] };
    const bytes = value === undefined ? undefined : new TextEncoder().encode(value);
    this.handle({ type: 'write', token: call, key, value: bytes, ifVersion, storedVersion: this.store.versionOf(key) });
    return call;
  }

  #performEffects(): void {
    for (let effects = this.replica.takeEffects(); effects.length > 0; effects = this.replica.takeEffects()) {
      for (const effect of effects) this.#perform(effect);
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.store.change(effect.change);
        this.disk.write(effect.write, effect.change, this.#appliedSeq);
        if (effect.change.type === 'reset' || effect.change.type === 'rebase') this.#appliedSeq = effect.change.baseSeq;
        break;
      case 'apply':
        this.#appliedSeq = effect.entries.at(-1)!.seq;
        this.store.apply(effect.entries);
        this.#around.onApplied(this, effect.entries);
        return;
      case 'answer': {
        const call = effect.token as Call;
        call.answers.push(effect.answer);
        return this.#around.onAnswer(this, call, effect.answer);
      }
      case 'writeState':
        return this.session.write(effect.proposal, effect.expectedVersion, effect.next);
      case 'refreshState':
        return this.session.refresh(effect.afterWrite);
      case 'holds':
        this.historyHeld = effect.history;
        return this.session.announce();
      case 'note':
        this.notes.push(effect.note);
        return;
      case 'roleChanged':
        this.roles.push(`${effect.role} ${effect.epoch}`);
        break;
      case 'released':
        this.stopped = 'released';
        break;
      case 'stopped':
        this.stopped = effect.clean ? 'clean' : 'unclean';
        break;
    }
    this.#around.perform(this, effect);
  }
}
