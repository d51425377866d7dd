/**
 * One client of the in-memory ZooKeeper: its session, its watches, and the faults that a test may cause.
 *
 * A request reaches the ensemble in the turn of the call, so requests are executed in the order of the calls. Answers
 * and events arrive in a later turn.
 */

import type {
  Children,
  CreateMode,
  CreateResult,
  DeleteZnodeResult,
  ReadOptions,
  SetResult,
  Znode,
  ZnodeClient,
  ZnodeClientStatus,
  ZnodeListener,
  ZnodeStat,
} from '../znode-client.js';
import { returnCodes, ZnodeError } from '../znode-client.js';
import { PendingRequests } from '../zookeeper/pending-requests.js';
import type { ChangeKind, MemoryZnodeTree } from './memory-znode-tree.fixture.js';

export interface MemoryEnsemble {
  readonly tree: MemoryZnodeTree;
  newSessionId(): string;
  forget(client: MemoryZnodeClient): void;
}

/**
 * The fate of a write whose answer is lost: executed before the connection broke, executed after that, or never
 * executed.
 */
export type LostAnswer = 'applied' | 'appliedLate' | 'notApplied';
type WriteName = 'create' | 'set' | 'delete';

/** The results of a write that changed something. */
const executed: readonly string[] = ['created', 'set', 'deleted'];

const silent: ZnodeListener = { onConnected() {}, onSuspended() {}, onExpired() {}, onChanged() {} };

export class MemoryZnodeClient implements ZnodeClient {
  readonly #ensemble: MemoryEnsemble;
  readonly #requests: PendingRequests;
  #listener: ZnodeListener = silent;
  #status: ZnodeClientStatus = 'connected';
  #sessionId: string | undefined;
  #sessionEnded = false;
  #provenMs = performance.now();
  #watches = new Set<string>();
  #hints: string[] = [];
  #lost: { readonly write: WriteName; readonly fate: LostAnswer } | undefined;
  #behind: MemoryZnodeTree | undefined;
  #mute = false;
  /** Operations in the order in which they were submitted, as `set /path`. */
  readonly submitted: string[] = [];

  constructor(ensemble: MemoryEnsemble, callTimeoutMs: number) {
    this.#ensemble = ensemble;
    this.#requests = new PendingRequests(callTimeoutMs);
    this.#sessionId = ensemble.newSessionId();
  }

  get status(): ZnodeClientStatus {
    return this.#status;
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  get provenMs(): number {
    return this.#provenMs;
  }

  listen(listener: ZnodeListener): void {
    this.#listener = listener;
  }

  /** Breaks the connection until `resume`. */
  suspend(): void {
    if (this.#status !== 'connected') return;
    this.#status = 'suspended';
    this.#watches.clear();
    this.#hints = [];
    this.#requests.rejectAll(returnCodes.connectionLoss);
    this.#later(() => this.#listener.onSuspended());
  }

  resume(): void {
    if (this.#status !== 'suspended') return;
    this.#behind = undefined;
    if (this.#sessionEnded) {
      this.#startSession();
      return;
    }
    this.#status = 'connected';
    this.#provenMs = Number.NEGATIVE_INFINITY;
    const sessionId = this.#sessionId ?? '';
    this.#later(() => this.#listener.onConnected(sessionId, false));
  }

  /** Ends the session at the ensemble. A suspended client notices that when it is resumed. */
  expire(): void {
    this.#sessionEnded = true;
    const sessionId = this.#sessionId;
    const connected = this.#status === 'connected';
    this.suspend();
    if (sessionId !== undefined) this.#ensemble.tree.deleteOwnedBy(sessionId);
    if (connected) this.resume();
  }

  /** Breaks the connection during the next write of this kind, and restores it at once. */
  loseNextAnswer(write: WriteName, fate: LostAnswer): void {
    this.#lost = { write, fate };
  }

  /**
   * True: requests are executed but never answered, as by a server that stalls. False: requests are answered again.
   */
  mute(mute: boolean): void {
    this.#mute = mute;
  }

  /** Freezes what reads show, as on a server that lags, until `sync` or until the connection is resumed. */
  lag(): void {
    this.#behind = this.#ensemble.tree.snapshot();
  }

  #startSession(): void {
    this.#sessionEnded = false;
    const sessionId = this.#ensemble.newSessionId();
    const startedMs = performance.now();
    this.#later(() => {
      this.#sessionId = undefined;
      this.#listener.onExpired();
    });
    this.#later(() => {
      this.#sessionId = sessionId;
      this.#provenMs = startedMs;
      this.#status = 'connected';
      this.#listener.onConnected(sessionId, true);
    });
  }

  noteChange(path: string, kind: ChangeKind): void {
    if (!this.#watches.delete(`${kind} ${path}`)) return;
    this.#hints.push(path);
    if (this.#behind === undefined) this.#deliverHints();
  }

  #deliverHints(): void {
    for (const path of this.#hints.splice(0)) this.#later(() => this.#listener.onChanged(path));
  }

  #later(act: () => void): void {
    setImmediate(() => {
      if (this.#status !== 'closed') act();
    });
  }

  create(path: string, data: Buffer, mode: CreateMode): Promise<CreateResult> {
    const sequential = mode === 'ephemeralSequential';
    const owner = sequential ? this.#sessionId : undefined;
    return this.#write('create', path, () => this.#ensemble.tree.create(path, data, owner, sequential));
  }

  set(path: string, data: Buffer, version: number): Promise<SetResult> {
    return this.#write('set', path, () => this.#ensemble.tree.set(path, data, version));
  }

  delete(path: string, version: number): Promise<DeleteZnodeResult> {
    return this.#write('delete', path, () => this.#ensemble.tree.delete(path, version));
  }

  get(path: string, options: ReadOptions): Promise<Znode | undefined> {
    return this.#submit('get', path, () => {
      const znode = this.#visible.get(path);
      if (options.watch && znode !== undefined) this.#watches.add(`znode ${path}`);
      return znode;
    });
  }

  stat(path: string, options: ReadOptions): Promise<ZnodeStat | undefined> {
    return this.#submit('stat', path, () => {
      if (options.watch) this.#watches.add(`znode ${path}`);
      return this.#visible.get(path)?.stat;
    });
  }

  children(path: string, options: ReadOptions): Promise<Children | undefined> {
    return this.#submit('children', path, () => {
      const names = this.#visible.children(path);
      if (options.watch && names !== undefined) this.#watches.add(`children ${path}`);
      return names && { names, version: this.#visible.childVersion(path) };
    });
  }

  sync(path: string): Promise<void> {
    return this.#submit('sync', path, () => {
      this.#behind = undefined;
      this.#deliverHints();
    });
  }

  get #visible(): MemoryZnodeTree {
    return this.#behind ?? this.#ensemble.tree;
  }

  #write<T extends { readonly kind: string }>(name: WriteName, path: string, apply: () => T): Promise<T> {
    const lost = this.#lost;
    if (lost?.write !== name || this.#status !== 'connected') return this.#prove(this.#submit(name, path, apply));
    this.#lost = undefined;
    this.submitted.push(`${name} ${path}`);
    const answer = this.#requests.track<T>(`${name} ${path}`, () => {});
    if (lost.fate === 'applied') apply();
    this.suspend();
    this.resume();
    // The write is applied three turns later, so that the reactions to the reconnection itself come first.
    if (lost.fate === 'appliedLate') setImmediate(() => setImmediate(() => setImmediate(apply)));
    return answer;
  }

  /** A read after an executed write on the same connection shows everything that was committed before that write. */
  async #prove<T extends { readonly kind: string }>(write: Promise<T>): Promise<T> {
    const { sessionId } = this;
    const sentMs = performance.now();
    const result = await write;
    const isProof = executed.includes(result.kind) && sessionId === this.sessionId && this.#status === 'connected';
    if (isProof) this.#provenMs = Math.max(this.#provenMs, sentMs);
    return result;
  }

  #submit<T>(name: string, path: string, apply: () => T): Promise<T> {
    const operation = `${name} ${path}`;
    return this.#requests.track<T>(operation, (resolve, reject) => {
      if (this.#status !== 'connected' || this.#sessionId === undefined) {
        return reject(new ZnodeError(operation, returnCodes.connectionLoss, 'no'));
      }
      this.submitted.push(operation);
      const answer = apply();
      if (!this.#mute) setImmediate(() => resolve(answer));
    });
  }

  async close(): Promise<void> {
    if (this.#status === 'closed') return;
    this.#status = 'closed';
    this.#requests.rejectAll(returnCodes.closing);
    this.#ensemble.forget(this);
    if (this.#sessionId !== undefined) this.#ensemble.tree.deleteOwnedBy(this.#sessionId);
  }
}
