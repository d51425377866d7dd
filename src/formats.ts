/**
 * The versions of the format that the nodes of a cluster share.
 *
 * The format is that of the messages between nodes (proto/kv/internal/v1), of the stream that carries these, of the
 * znodes, and of what a node keeps on disk. Its version grows when a node of the previous version would misunderstand
 * something, or could not replicate with this one. A node supports a range of versions. A cluster uses one of them,
 * which `config` in ZooKeeper names and `kvctl upgrade --finish` raises (docs/operations.md, "Upgrading").
 *
 * Every message and file names its format, and a node reads all formats of its range. It writes the one that the
 * cluster uses. So nodes need not switch to a newer format at the same moment.
 */

export interface FormatRange {
  readonly oldest: number;
  /** At least `oldest`. */
  readonly newest: number;
}

/**
 * The formats that this version of kvnode supports. A version with a new format raises `newest` and supports the one
 * before as well, so that a cluster can be upgraded node by node.
 */
export const supportedFormats: FormatRange = { oldest: 6, newest: 7 };

export function supports({ oldest, newest }: FormatRange, version: number): boolean {
  return version >= oldest && version <= newest;
}

/** `format 6`, or `formats 6 to 7`. */
export function formatsText({ oldest, newest }: FormatRange): string {
  return oldest === newest ? `format ${oldest}` : `formats ${oldest} to ${newest}`;
}

/** The format of one cluster as one of its nodes knows it. It only grows. */
export class ClusterFormat {
  readonly supported: FormatRange;
  readonly #listeners: ((version: number) => void)[] = [];
  #inUse: number;

  /** @param inUse the format that `config` names; the node supports it. */
  constructor(supported: FormatRange, inUse: number) {
    this.supported = supported;
    this.#inUse = inUse;
  }

  /** The format in which this node writes. Look it up for each message: it may grow at any moment. */
  get inUse(): number {
    return this.#inUse;
  }

  /** The listener is called once for every change. What it begins may end after something was written in the newer format. */
  onRaised(listener: (version: number) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Takes in the format that `config` or a message of another node names. A newer one proves that the cluster uses it:
   * this node writes it from now on, even if it has not read `config` again yet.
   * @returns why this node refuses the format, or undefined
   */
  learn(version: number): string | undefined {
    if (!supports(this.supported, version)) return `format version ${version}; this node supports ${formatsText(this.supported)}`;
    if (version <= this.#inUse) return undefined;
    this.#inUse = version;
    for (const listener of this.#listeners) listener(version);
    return undefined;
  }
}
