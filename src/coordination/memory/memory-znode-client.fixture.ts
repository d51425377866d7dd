/**
 * One client of the in-memory ZooKeeper: its session, its watches, and the faults a test may cause.
 *
 * What is submitted reaches the ensemble in the same turn, so the order of calls is the order of execution; answers and
 * events come in a later turn.
 */

import type {
  Children,
  CreateMode,
  CreateResult,
  DeleteResult,
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

export interface Ensemble {
  readonly tree: MemoryZnodeTree;
  newSessionId(): string;
  forget(client: MemoryZnodeClient): void;
}

/** What becomes of a write whose answer is lost: carried out before the connection broke, after it, or never. */
export type LostWrite = 'applied' | 'appliedLate' | 'notApplied';
type WriteName = 'create' | 'set' | 'delete';

/** Outcomes of a write that has changed something. */
const carriedOut: readonly string[] = ['created', 'set', 'deleted'];

const silent: ZnodeListener = { onConnected() {}, onSuspended() {}, onExpired() {}, onChanged() {} };

export class MemoryZnodeClient implements ZnodeClient {
  readonly #ensemble: Ensemble;
  readonly #requests: PendingRequests;
  #listener: ZnodeListener = silent;
  #status: ZnodeClientStatus = 'connected';
  #sessionId: string | undefined;
  #sessionEnded = false;
  #provenMs = performance.now();
  #watches = new Set<string>();
  #hints: string[] = [];
  #lost: { readonly write: WriteName; readonly fate: LostWrite } | undefined;
  #behind: MemoryZnodeTree | undefined;
  #mute = false;
  /** Operations in the order in which they were submitted, as `set /path`. */
  readonly submitted: string[] = [];

  constructor(ensemble: Ensemble, callTimeoutMs: number) {
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

  /** Breaks the connection; it stays broken until `resume`. */
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

  /** Ends the session at the ensemble. A suspended client learns of it when it is resumed. */
  expire(): void {
    this.#sessionEnded = true;
    const sessionId = this.#sessionId;
    const connected = this.#status === 'connected';
    this.suspend();
    if (sessionId !== undefined) this.#ensemble.tree.deleteOwnedBy(sessionId);
    if (connected) this.resume();
  }

  /** The connection breaks during the next write of this kind, and is there again at once. */
  loseNextAnswer(write: WriteName, fate: LostWrite): void {
    this.#lost = { write, fate };
  }

  /** From now on requests are carried out and not answered, as with a server that has been stopped; `false` ends it. */
  mute(mute: boolean): void {
    this.#mute = mute;
  }

  /** Reads show the present until `sync`, or until the connection is resumed, as from a server that lags. */
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

  delete(path: string, version: number): Promise<DeleteResult> {
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
    // After whatever is done in answer to the reconnection itself, in the turns that follow it.
    if (lost.fate === 'appliedLate') setImmediate(() => setImmediate(() => setImmediate(apply)));
    return answer;
  }

  /** What is read after a write that was carried out on this connection shows everything that was there before it. */
  async #prove<T extends { readonly kind: string }>(write: Promise<T>): Promise<T> {
    const { sessionId } = this;
    const sentMs = performance.now();
    const result = await write;
    const isProof = carriedOut.includes(result.kind) && sessionId === this.sessionId && this.#status === 'connected';
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
