/**
 * The znodes of the in-memory ZooKeeper, without sessions, watches or time.
 *
 * Every method answers as a server would. `onChange` receives each path whose watchers a server would notify.
 */
import type { CreateResult, DeleteZnodeResult, SetResult, Znode } from '../znode-client.js';
import { anyVersion } from '../znode-client.js';

interface StoredZnode {
  readonly data: Buffer;
  readonly version: number;
  readonly owner: string | undefined;
  /** The sequence number of the next child, a signed 32-bit number as in ZooKeeper. */
  readonly nextSequence: number;
  /** The number of children created or deleted so far. */
  readonly childVersion: number;
}

const emptyZnode = { version: 0, owner: undefined, nextSequence: 0, childVersion: 0 };

/** Which watchers a change concerns: those of the znode itself, or those of its list of children. */
export type ChangeKind = 'znode' | 'children';

export class MemoryZnodeTree {
  readonly #znodes: Map<string, StoredZnode>;
  readonly #onChange: (path: string, kind: ChangeKind) => void;

  constructor(onChange: (path: string, kind: ChangeKind) => void, znodes = new Map<string, StoredZnode>()) {
    this.#onChange = onChange;
    this.#znodes = znodes;
    if (!znodes.has('/')) znodes.set('/', { ...emptyZnode, data: Buffer.alloc(0) });
  }

  /** A copy of the present znodes, for a server that lags from now on. */
  snapshot(): MemoryZnodeTree {
    return new MemoryZnodeTree(() => {}, new Map(this.#znodes));
  }

  create(path: string, data: Buffer, owner: string | undefined, sequential: boolean): CreateResult {
    const parentPath = parentOf(path);
    const parent = this.#znodes.get(parentPath);
    if (parent === undefined) return { kind: 'missing' };
    const created = sequential ? path + sequenceDigits(parent.nextSequence) : path;
    if (this.#znodes.has(created)) return { kind: 'exists' };
    this.#znodes.set(parentPath, { ...parent, nextSequence: (parent.nextSequence + 1) | 0 });
    this.#znodes.set(created, { ...emptyZnode, data: Buffer.from(data), owner });
    this.#childrenChanged(parentPath);
    this.#onChange(created, 'znode');
    this.#onChange(parentPath, 'children');
    return { kind: 'created', path: created };
  }

  get(path: string): Znode | undefined {
    const znode = this.#znodes.get(path);
    if (znode === undefined) return undefined;
    return { data: Buffer.from(znode.data), stat: { version: znode.version, ephemeralOwner: znode.owner } };
  }

  children(path: string): readonly string[] | undefined {
    if (!this.#znodes.has(path)) return undefined;
    const names = [];
    for (const other of this.#znodes.keys()) {
      if (other !== '/' && parentOf(other) === path) names.push(other.slice(other.lastIndexOf('/') + 1));
    }
    return names;
  }

  /** The version of the list of children; 0 if the znode does not exist. */
  childVersion(path: string): number {
    return this.#znodes.get(path)?.childVersion ?? 0;
  }

  set(path: string, data: Buffer, version: number): SetResult {
    const znode = this.#znodes.get(path);
    if (znode === undefined) return { kind: 'missing' };
    if (version !== anyVersion && version !== znode.version) return { kind: 'conflict' };
    this.#znodes.set(path, { ...znode, data: Buffer.from(data), version: znode.version + 1 });
    this.#onChange(path, 'znode');
    return { kind: 'set', version: znode.version + 1 };
  }

  delete(path: string, version: number): DeleteZnodeResult {
    const znode = this.#znodes.get(path);
    if (znode === undefined) return { kind: 'missing' };
    if (version !== anyVersion && version !== znode.version) return { kind: 'conflict' };
    if (this.children(path)?.length !== 0) return { kind: 'notEmpty' };
    this.#znodes.delete(path);
    this.#childrenChanged(parentOf(path));
    this.#onChange(path, 'znode');
    this.#onChange(parentOf(path), 'children');
    return { kind: 'deleted' };
  }

  /** Deletes the ephemeral znodes of a session, as a server does when the session ends. */
  deleteOwnedBy(sessionId: string): void {
    for (const [path, znode] of [...this.#znodes]) if (znode.owner === sessionId) this.delete(path, anyVersion);
  }

  /** Deletes a znode and everything below it, regardless of the owners. */
  deleteTree(path: string): void {
    for (const name of this.children(path) ?? []) this.deleteTree(`${path === '/' ? '' : path}/${name}`);
    if (path !== '/') this.delete(path, anyVersion);
  }

  #childrenChanged(path: string): void {
    const znode = this.#znodes.get(path);
    if (znode !== undefined) this.#znodes.set(path, { ...znode, childVersion: znode.childVersion + 1 });
  }

  setNextSequence(path: string, nextSequence: number): void {
    const znode = this.#znodes.get(path);
    if (znode !== undefined) this.#znodes.set(path, { ...znode, nextSequence });
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** Formats like Java's %010d: a minus sign is one of the ten characters. */
function sequenceDigits(sequence: number): string {
  return sequence < 0 ? `-${String(-sequence).padStart(9, '0')}` : String(sequence).padStart(10, '0');
}
